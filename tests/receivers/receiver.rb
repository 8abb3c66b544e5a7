# Answers a form with what Rack and Sinatra make of it; `ruby receiver.rb [sinatra]`.
require "json"
require "rack"
require "webrick"

# Bytes that are not UTF-8 become lone surrogates, from U+DC80 on.
def write(value)
  case value
  when nil then "null"
  when String
    text = value.dup.force_encoding("UTF-8")
    return JSON.generate(text) if text.valid_encoding?
    "\"" + text.each_char.map { |char|
      char.valid_encoding? ? JSON.generate(char)[1..-2] : char.bytes.map { |byte| format("\\udc%02x", byte) }.join
    }.join + "\""
  when Array then "[" + value.map { |entry| write(entry) }.join(",") + "]"
  else "{" + value.map { |key, entry| write(key) + ":" + write(entry) }.join(",") + "}"
  end
end

# Rails lets `params` be asked by symbols.
class Indifferent < Hash
  def [](key) = super(key.is_a?(Symbol) ? key.to_s : key)

  def self.of(value)
    case value
    when Hash then new.tap { |made| value.each { |key, entry| made.store(key, of(entry)) } }
    when Array then value.map { |entry| of(entry) }
    else value
    end
  end
end

ANSWER = lambda do |env|
  request = Rack::Request.new(env)
  begin
    value = request.POST
    if (expression = env["HTTP_X_EXPRESSION"])
      params = Indifferent.of(value)
      value = eval(expression.dup.force_encoding("UTF-8"), binding)
    end
    body = "{\"value\":#{write(value)}}"
  rescue => error
    body = "{\"error\":#{write(error.class.name)},\"message\":#{write(error.message)}}"
  end
  [200, { "Content-Type" => "application/json" }, [body]]
end

app = ANSWER
if ARGV[0] == "sinatra"
  require "sinatra/base"
  app = Class.new(Sinatra::Base) do
    set :environment, :production
    set :show_exceptions, false
    post("/") { content_type :json; "{\"value\":#{write(params)}}" }
  end
end

quiet = WEBrick::Log.new(File::NULL)
server = WEBrick::HTTPServer.new(BindAddress: "127.0.0.1", Port: 0, Logger: quiet, AccessLog: [])
server.mount("/", Rack::Handler::WEBrick, app)
$stdout.puts(server.listeners[0].addr[1])
$stdout.flush
server.start
