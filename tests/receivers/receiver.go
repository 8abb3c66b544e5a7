// Answers a form with what Go's net/http makes of it; `go run receiver.go`.
package main

import (
	"fmt"
	"net"
	"net/http"
	"sort"
	"strings"
	"unicode/utf8"
)

// Bytes that are not UTF-8 become lone surrogates, from U+DC80 on.
func write(text string) string {
	var out strings.Builder
	out.WriteByte('"')
	for i := 0; i < len(text); {
		char, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case char == utf8.RuneError && size <= 1:
			fmt.Fprintf(&out, "\\udc%02x", text[i])
		case char == '"' || char == '\\':
			out.WriteByte('\\')
			out.WriteRune(char)
		case char < 0x20:
			fmt.Fprintf(&out, "\\u%04x", char)
		default:
			out.WriteString(text[i : i+size])
		}
		i += size
	}
	out.WriteByte('"')
	return out.String()
}

func writeAll(values []string) string {
	written := []string{}
	for _, value := range values {
		written = append(written, write(value))
	}
	return "[" + strings.Join(written, ",") + "]"
}

func answer(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	problem := r.ParseForm()
	names := []string{}
	for name := range r.PostForm {
		names = append(names, name)
	}
	sort.Strings(names)
	entries := []string{}
	for _, name := range names {
		entries = append(entries, write(name)+":"+writeAll(r.PostForm[name]))
	}
	message := ""
	if problem != nil {
		message = problem.Error()
	}
	fmt.Fprintf(w, `{"value":{%s},"message":%s}`, strings.Join(entries, ","), write(message))
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	panic(http.Serve(listener, http.HandlerFunc(answer)))
}
