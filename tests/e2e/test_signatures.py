"""A sender with a wrong secret is diagnosed in one look, in the page."""

import time

import pytest
import requests
import stripe
from playwright.sync_api import Page, expect

from tests.e2e.conftest import NewPage
from tests.servers import LiveServer

BODY = '{"id": "evt_1", "type": "charge.succeeded"}'


def send(url: str, secret: str) -> None:
    now = int(time.time())
    signature = stripe.WebhookSignature._compute_signature(f"{now}.{BODY}", secret)
    headers = {"Stripe-Signature": f"t={now},v1={signature}", "Content-Type": "application/json"}
    requests.post(url, data=BODY, headers=headers, timeout=10)


def set_secret(page: Page, name: str, secret: str) -> None:
    page.goto(f"/bins/{name}/signatures")
    page.get_by_label("Scheme").select_option("stripe")
    page.get_by_label("Secret", exact=True).fill(secret)
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#signatures .card")).to_contain_text("stripe")


@pytest.mark.parametrize("scripted", [True, False])
def test_a_wrong_secret_is_seen_in_one_look(
    new_page: NewPage, live_server: LiveServer, scripted: bool
) -> None:
    name = f"signed-{scripted}".lower()
    url = live_server.create_bin(name)
    page = new_page(java_script_enabled=scripted)
    set_secret(page, name, "whsec_right")
    send(url, "whsec_right")
    send(url, "whsec_right\n")
    page.goto(f"/bins/{name}")
    row = page.locator(".row", has_text="signature invalid")
    expect(row).to_have_count(1)
    row.locator(".row-link").click()
    banner = page.locator("[data-signature=invalid]")
    expect(banner).to_contain_text("sender's secret ends with a line end")
    page.goto(f"/bins/{name}?q=signature:valid")
    expect(page.locator(".row")).to_have_count(1)
