/// The server half of Emberscope: takes profiles over OTLP, keeps them in a
/// [io.emberscope.storage.ProfileStore], answers queries and serves the web view.
///
/// Start reading at [io.emberscope.server.EmberscopeServer], which wires the parts together. Its
/// packages are features: `edge` is what every request passes, `ingest` takes profiles, `query`
/// answers questions, `status` says how the server is and `web` serves the page.
@NullMarked
package io.emberscope.server;

import org.jspecify.annotations.NullMarked;
