"""Formats of bodies beside forms and JSON: XML, MessagePack, CBOR, protobuf."""
