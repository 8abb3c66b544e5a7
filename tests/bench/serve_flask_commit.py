"""The obvious way: a Flask route that commits each request through Flask-SQLAlchemy."""

import sys
import time
from typing import Any

from flask import Flask, request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Engine, event
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from waitress import serve


class Base(DeclarativeBase):
    pass


db = SQLAlchemy(model_class=Base)


class Captured(Base):
    __tablename__ = "captured"
    id: Mapped[int] = mapped_column(primary_key=True)
    received: Mapped[float]
    method: Mapped[str]
    path: Mapped[str]
    headers: Mapped[str]
    body: Mapped[bytes]


@event.listens_for(Engine, "connect")
def set_up(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")


app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{sys.argv[2]}"
app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"connect_args": {"timeout": 30}}
db.init_app(app)
with app.app_context():
    Base.metadata.create_all(db.engine)


@app.post("/")
def capture() -> str:
    captured = Captured(
        received=time.time(),
        method=request.method,
        path=request.path,
        headers=str(request.headers),
        body=request.get_data(),
    )
    db.session.add(captured)
    db.session.commit()
    return "ok\n"


serve(app, host="127.0.0.1", port=int(sys.argv[1]), asyncore_use_poll=True)
