<?php
// Run with `php -n record_built.php > built.jsonl`: no php.ini, so PHP's defaults.
$cases = [
    ['nothing', '{}'],
    ['one pair', '{"a": "1"}'],
    ['a space is a plus, a plus is escaped', '{"a b": "c d+e"}'],
    ['hex digits are upper-case', '{"a": "\u00e9/?#\u20ac\ud83d\ude00"}'],
    ['only letters, digits and -_. stay', '{"k": "aZ09-_.~!*\'();:@&=+$,/?#[]%"}'],
    ['control characters and NUL', '{"k": "\u0000\t\r\n\u007f"}'],
    ['null leaves nothing', '{"a": null, "b": "1"}'],
    ['true and false', '{"a": true, "b": false}'],
    ['integers', '{"a": 0, "b": -7, "c": 9223372036854775807}'],
    ['floats', '[1.0, 0.1, 2.5, 100000.0, -0.0, 0.0001, 0.33333333333333331]'],
    ['large and small floats', '[1e14, 1e15, 1e25, 123456789012345.0, 1e-5, 1.5e-7, 1.25e100, -1e-300]'],
    ['an empty text', '{"a": ""}'],
    ['a list', '{"a": ["x", "y"]}'],
    ['a list at the top', '["x", "y"]'],
    ['a list of lists', '{"a": [["1", "2"], ["3"]]}'],
    ['a map in a map', '{"a": {"b": {"c": "1"}}}'],
    ['records', '{"a": [{"id": 1, "n": "x"}, {"id": 2, "n": null}]}'],
    ['empty containers leave nothing', '{"a": [], "b": {"c": []}, "d": "1"}'],
    ['null in a list keeps the other places', '{"a": ["x", null, "z"]}'],
    ['a name with brackets is escaped as it is', '{"ticket[id]": "5", "a": {"[b]": "1"}}'],
    ['keys are escaped at every level', '{"\u00e9 ": {"a.b": {"~": "1"}}}'],
    ['an empty key', '{"": "x", "a": {"": "y"}}'],
    ['integer keys', '{"7": "a", "-1": {"08": "b"}}'],
];
foreach ($cases as [$id, $json]) {
    $data = json_decode($json, true, 512, JSON_THROW_ON_ERROR);
    echo json_encode(['id' => $id, 'data' => $json, 'body' => http_build_query($data)], JSON_UNESCAPED_SLASHES), "\n";
}
foreach (['INF' => INF, '-INF' => -INF, 'NAN' => NAN] as $id => $float) {
    echo json_encode(['id' => $id, 'float' => $id, 'body' => http_build_query(['a' => $float])]), "\n";
}
