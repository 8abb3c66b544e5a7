"""Notes on forms that qs and Express read, in sentences for people."""

MESSAGES = {
    "bracket_unclosed": "A [ is never closed: qs reads the name as “{read_as}”.",
    "charset_ignored": "qs reads every form as UTF-8, in whatever charset it was sent.",
    "index_too_large": "The index is {limit} or more: qs makes an object of the list.",
    "kinds_mixed": "One name is a text, a list and an object by turns: qs puts them into one list,"
    " or gives them numbers for keys.",
    "list_closed_up": "qs leaves no gaps in a list: the entries move up.",
    "list_too_long": "The list has more than {limit} entries: qs makes an object of it.",
    "name_barred": "The name is that of a property every object has: qs drops the pair.",
    "name_changed": "qs reads the name as “{read_as}”.",
    "name_empty": "The pair has no name, so qs drops it.",
    "name_repeated": "The name was sent before: qs makes a list of the values.",
    "nesting_cut": "qs reads {limit} levels of brackets: the rest of the name becomes one key,"
    " and the name is read as “{read_as}”.",
    "not_decodable": "An escape is not UTF-8: qs leaves the text undecoded.",
    "order_changed": "JavaScript puts keys that are whole numbers first, in ascending order.",
    "value_lost": "qs drops this value: what was sent under the same name takes its place.",
    "variables_exceeded": "qs reads the first {limit} pairs only, empty ones counted:"
    " pairs dropped after them: {count}.",
}

_REFUSED = "the receiver's handler is not called"

EXPRESS_MESSAGES = {
    **MESSAGES,
    "body_too_large": "Express answers 413 Payload Too Large (“request entity too large”) to more"
    f" than {{limit}} bytes: {_REFUSED}.",
    "charset_refused": "Express answers 415 Unsupported Media Type (“unsupported charset {name}”):"
    f" {_REFUSED}.",
    "nesting_refused": "Express answers 400 Bad Request (“The input exceeded the depth”) to more"
    f" than {{limit}} levels of brackets: {_REFUSED}.",
    "variables_refused": "Express answers 413 Payload Too Large (“too many parameters”) to more"
    f" than {{limit}} pairs, empty ones counted: {_REFUSED}.",
}
