<?php
// Records what PHP sends: php record_emitted.php < forms.json > emitted.json
// forms.json is an object of forms, each as nested JSON.
$bodies = [];
foreach (json_decode(stream_get_contents(STDIN), true) as $name => $form)
    $bodies[$name] = ['form' => $form, 'body' => http_build_query($form)];
echo json_encode(['php' => PHP_VERSION, 'bodies' => $bodies], JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE), "\n";
