"""The only room that speaks LSP: transport, documents, progress, edits, and one handler file per method."""
