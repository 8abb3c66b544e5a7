"""Rack's notes, in sentences for people."""

_NOTHING = "the receiver gets nothing of the form"

MESSAGES = {
    "array_replaced": "A string takes the place of a hash or an array and of all that was in it.",
    "charset_ignored": "Rack reads every form as UTF-8, in whatever charset it was sent.",
    "invalid_parameter": "Rack raises InvalidParameterError ({reason}): Rails and Sinatra answer"
    f" 400 Bad Request, and {_NOTHING}.",
    "limit_exceeded": "Rack raises QueryLimitError ({reason}): Sinatra answers"
    f" 500 Internal Server Error, and {_NOTHING}.",
    "name_changed": "Rack reads the name as “{read_as}”.",
    "name_empty": "The pair has no name, so Rack drops it.",
    "name_repeated": "The name was sent before: this value takes the place of the earlier one.",
    "nesting_deep": "Rack 3 refuses more than 32 levels of brackets, Rack 2.2 more than {limit}.",
    "not_decodable": "Some bytes are not {charset}: they are shown as \N{REPLACEMENT CHARACTER}."
    " Rails answers 400 Bad Request to them, Sinatra passes them on.",
    "type_conflict": "Rack raises ParameterTypeError ({reason}): Rails and Sinatra answer"
    f" 400 Bad Request, and {_NOTHING}.",
    "value_lost": "Rack drops this value: an empty pair of brackets ends the name where the element"
    " before it is a hash, or nothing but brackets is left of the name.",
    "value_nil": "The pair has no =: its value is nil, not an empty string.",
}
