"""The only place that wires: settings in, a Flask application out."""

from __future__ import annotations

from flask import Flask

from inspector.assets import find_folder
from inspector.domain import FormLimits
from inspector.live import News
from inspector.settings import Settings
from inspector.storage import (
    ActionStore,
    BinStore,
    DeliveryStore,
    RequestSearch,
    RequestStore,
    Writer,
    db,
    open_database,
)
from inspector.storage.engine import check_url, engine_options
from inspector.web import register
from inspector.web.services import Services


def create_app(settings: Settings | None = None) -> Flask:
    """The application, for any WSGI server; its database is opened and up to date.

    Under ``inspector serve`` captures take a lane of their own and are kept byte
    for byte. Under another server they come through WSGI: stored just as safely,
    but as the server left them, and every record says so.
    """
    settings = settings or Settings()
    app = Flask("inspector", template_folder=str(find_folder("templates")), static_folder=None)
    url = check_url(settings.database_url)
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine_options(url)
    app.config["FORM_LIMITS"] = FormLimits(settings.max_form_variables, settings.max_form_depth)
    db.init_app(app)
    with app.app_context():
        engine = db.engine
        open_database(engine)
    news = News()
    requests = RequestStore()
    app.extensions["inspector"] = Services(
        app=app,
        settings=settings,
        engine=engine,
        bins=BinStore(max_bins=settings.max_bins),
        requests=requests,
        search=RequestSearch(requests),
        actions=ActionStore(),
        deliveries=DeliveryStore(),
        writer=Writer(engine, on_stored=news.publish),
        news=news,
    )
    app.json.sort_keys = False  # type: ignore[attr-defined]  # key order is part of what PHP made
    register(app)
    with app.app_context():
        for name in settings.bins:
            app.extensions["inspector"].bins.ensure(name, capacity=settings.capacity)
    return app
