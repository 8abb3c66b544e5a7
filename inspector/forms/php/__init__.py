"""PHP's reader of forms: ``parse_str`` and ``$_POST``."""
