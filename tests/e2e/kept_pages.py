"""Pages of the browser that one test after the other gets as if they were new.

A new context begins a process of the browser, which compiles everything anew: that takes more of
the processor than most tests do with their page.
"""

from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Error, Page

# What a page can be asked to change, and what is worth a process that stays.
CHANGEABLE = {"viewport", "color_scheme"}
KEPT = CHANGEABLE | {"java_script_enabled"}
# What stays with a page, or with its context, after the test that asked for it.
STAYS = {
    Page: (
        "add_init_script clock expose_binding expose_function on once route route_from_har"
        " route_web_socket set_default_navigation_timeout set_default_timeout"
        " set_extra_http_headers"
    ),
    BrowserContext: (
        "add_init_script clear_permissions clock expose_binding expose_function"
        " grant_permissions new_cdp_session route route_from_har route_web_socket"
        " set_extra_http_headers set_geolocation set_offline"
    ),
}


class KeptPages:
    """Pages of one server's address, each with a context of its own: taken, and given back.

    One that was used before is at ``about:blank`` in the name of what it showed, whose
    Content-Security-Policy ``set_content`` would inherit: go to ``about:blank`` before that.
    ``note_changes`` must have been called, or what a test leaves behind is not seen.
    """

    def __init__(self, browser: Browser, defaults: dict[str, Any]) -> None:
        self.browser = browser
        self.defaults = defaults
        self.free: defaultdict[bool, list[Page]] = defaultdict(list)
        self.scripted: dict[Page, bool] = {}
        self.changed = False

    def take(self, options: dict[str, Any]) -> Page:
        """A page with these options of ``new_context``, new or as good as new."""
        options = {**self.defaults, **options}
        if not self.can_keep(options):
            return self.browser.new_context(**options).new_page()
        scripted = options.get("java_script_enabled", True)
        if not self.free[scripted]:
            page = self.browser.new_context(**options).new_page()
            self.scripted[page] = scripted
            return page
        page = self.free[scripted].pop()
        page.set_viewport_size(options["viewport"])
        page.emulate_media(media="null", color_scheme=options.get("color_scheme", "light"))
        return page

    def can_keep(self, options: dict[str, Any]) -> bool:
        """Whether a page with these options differs from others in what can be changed only."""
        return all(
            name in KEPT or (name in self.defaults and value == self.defaults[name])
            for name, value in options.items()
        )

    def give_back(self, page: Page, *, is_trusted: bool) -> None:
        """Keep a page for the next test, emptied, if nothing stays with it; else close it."""
        context = page.context
        scripted = self.scripted.get(page)
        if scripted is not None and is_trusted and not self.changed and self.empty(page):
            self.free[scripted].append(page)
        else:
            self.scripted.pop(page, None)
            context.close()

    def empty(self, page: Page) -> bool:
        """Take from the page what a new one does not have; False where that does not work."""
        with suppress(Error):
            if page.context.pages != [page] or not page.url.startswith(self.defaults["base_url"]):
                return False
            # By the page itself, and in its name: `goto` would begin a new process.
            page.evaluate("location.replace('about:blank')")
            page.wait_for_url("about:blank")
            page.evaluate("() => { sessionStorage.clear(); localStorage.clear(); }")
            page.mouse.move(0, 0)
            page.context.clear_cookies()
            return True
        return False

    def close(self) -> None:
        """Close what nobody has taken."""
        for pages in self.free.values():
            for page in pages:
                page.context.close()

    def note_changes(self, replace: Callable[[object, str, object], None]) -> None:
        """Have ``changed`` set by all that stays with a page, whichever page it is."""

        def noting(call: Callable[..., Any]) -> Callable[..., Any]:
            @wraps(call)
            def noted(*args: Any, **named: Any) -> Any:
                self.changed = True
                return call(*args, **named)

            return noted

        for of, names in STAYS.items():
            for name in names.split():
                was = getattr(of, name)
                is_read = isinstance(was, property) and was.fget
                replace(of, name, property(noting(is_read)) if is_read else noting(was))
