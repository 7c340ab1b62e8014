//! WebAssembly plugins: engine, bindings, limits, pins, compiled-code cache.
