//! The parts of the build script that a good build never shows.

#[allow(dead_code, reason = "the build script uses all of it")]
#[path = "../build/nested.rs"]
mod nested;
#[allow(dead_code, clippy::print_stdout, reason = "the build script uses all of it")]
#[path = "../build/target.rs"]
mod target;

#[test]
fn a_missing_target_is_refused_with_exactly_the_command_that_adds_it() {
    let command = target::addition(Some("1.95.0-x86_64-unknown-linux-gnu"));
    assert_eq!(
        target::refusal(&command),
        "the plugins are built for wasm32-unknown-unknown, and this toolchain has no standard library for it. Run:\
         \n\n    rustup target add wasm32-unknown-unknown --toolchain 1.95.0-x86_64-unknown-linux-gnu\n"
    );
    assert_eq!(target::addition(None).join(" "), "rustup target add wasm32-unknown-unknown");
}

#[test]
fn the_nested_cargo_sees_where_things_come_from_and_nothing_of_the_hosts_build() {
    let kept =
        ["PATH", "HOME", "RUSTUP_TOOLCHAIN", "RUSTC", "CARGO_HOME", "CARGO_NET_OFFLINE", "CARGO_HTTP_PROXY"];
    for name in kept {
        assert!(!nested::is_foreign(name), "{name} must be kept");
    }
    for name in [
        "RUSTFLAGS",
        "CARGO_ENCODED_RUSTFLAGS",
        "RUSTC_WORKSPACE_WRAPPER",
        "CARGO_TARGET_DIR",
        "CARGO_BUILD_TARGET",
        "CARGO_PROFILE_RELEASE_LTO",
        "CARGO_PKG_VERSION",
        "CARGO_MAKEFLAGS",
        "TARGET",
    ] {
        assert!(nested::is_foreign(name), "{name} must be removed");
    }
}
