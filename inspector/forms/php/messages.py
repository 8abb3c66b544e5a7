"""PHP's notes, in sentences for people."""

MESSAGES = {
    "append_overflow": "The array already has the largest index there is, so PHP drops this pair.",
    "array_replaced": "A string takes the place of an array and of all that was in it.",
    "bracket_unclosed": "A [ is never closed: PHP reads the name as “{read_as}”.",
    "charset_named": "The value is in {charset}, as the form or the part says, and read in it here:"
    " PHP keeps the bytes as they came.",
    "charset_named_for_all": "A field says that the form is in {charset}, and so it is read here:"
    " PHP keeps the bytes as they came.",
    "charset_unknown": "A form in the charset {name} cannot be read, so it was read as UTF-8.",
    "name_barred": "PHP lets no key begin with __Host- or __Secure- unless the whole name does,"
    " and drops this pair.",
    "name_changed": "PHP reads the name as “{read_as}”: it takes off spaces before it, and makes _"
    " of other spaces and of dots.",
    "name_empty": "The pair has no name, so PHP drops it.",
    "name_repeated": "The name was sent before: this value takes the place of the earlier one.",
    "nesting_exceeded": "There are more than {limit} levels of brackets: PHP drops this pair"
    " and all that it had under the same first name.",
    "not_decodable": "Some bytes are not {charset}: they are shown as \N{REPLACEMENT CHARACTER}.",
    "nul_in_body": "A NUL byte ends the form for PHP's parse_str: pairs dropped after it: {count}.",
    "nul_in_name": "The name ends at a NUL byte: PHP reads it as “{read_as}”.",
    "order_not_list": "Sent in order {order}: PHP makes an object of it, not a list.",
    "string_replaced": "An array takes the place of a string sent before.",
    "text_after_bracket": "What follows the ] is ignored: PHP reads the name as “{read_as}”.",
    "variables_exceeded": "PHP reads the first {limit} variables only:"
    " pairs dropped after them: {count}.",
}

# Of a body in parts, besides those above.
PARTS_MESSAGES = {
    "boundary_in_value": "The boundary follows the part's head without a line end of its own: PHP"
    " takes it, and all up to the next one, for the value.",
    "boundary_missing": "The Content-Type names no boundary that PHP can read, so it reads none of"
    " the parts.",
    "boundary_not_found": "No line of the body is “{line}” and nothing else, so PHP reads none of"
    " the parts.",
    "file_misplaced": "The brackets in the name of a file's field do not match: PHP drops the file"
    " and all files after it.",
    "file_path_cut": "PHP knows the file as “{read_as}”, without a path.",
    "file_too_large": "PHP drops a file of more than {limit} bytes: that is what a MAX_FILE_SIZE"
    " sent before it allows, or upload_max_filesize where nobody sets it.",
    "files_exceeded": "PHP takes the first {limit} files only.",
    "part_unmarked": "A part has no Content-Disposition: PHP skips it.",
    "part_unnamed": "A part has neither a name nor a file name: PHP reads no further.",
    "parts_exceeded": "PHP reads the first {limit} parts only.",
    "boundary_too_long": "The boundary has more than {limit} bytes, so PHP reads none of the"
    " parts.",
    "parts_unread": "Express leaves multipart/form-data unread: its body is undefined, unless the"
    " program has a reader of its own, such as multer.",
}
