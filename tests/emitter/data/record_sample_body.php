<?php
// Writes what PHP's own form builder makes of the sample: php record_sample_body.php > sample.body
$sample = json_decode(file_get_contents(__DIR__ . '/../../../inspector/emitter/data/ticket_sample.json'), true);
$sample['custom_data'] = 'for ~ äöü & {"a": 1}';
echo http_build_query($sample);
