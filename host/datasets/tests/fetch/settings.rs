//! Endpoint and token out of an environment.

use std::collections::BTreeMap;
use std::path::PathBuf;

use plimsoll_datasets::fetch::{Endpoint, Settings, SettingsError, TokenPlace};

fn read(pairs: &[(&str, &str)], dot_env: Option<&str>) -> Settings {
    let environment: BTreeMap<String, String> =
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Settings::read(&environment, dot_env).unwrap()
}

fn file(pairs: &[(&str, &str)]) -> Option<PathBuf> {
    match read(pairs, None).token {
        TokenPlace::File(path) => Some(path),
        _ => None,
    }
}

#[test]
fn the_token_is_looked_for_in_the_python_clients_order() {
    let home = ("HOME", "/home/me");
    assert_eq!(file(&[]), None);
    assert_eq!(file(&[home]), Some("/home/me/.cache/huggingface/token".into()));
    assert_eq!(file(&[home, ("XDG_CACHE_HOME", "/cache")]), Some("/cache/huggingface/token".into()));
    assert_eq!(file(&[home, ("HF_HOME", "~/hf")]), Some("/home/me/hf/token".into()));
    assert_eq!(file(&[home, ("HF_HOME", "/hf"), ("HF_TOKEN_PATH", "/t")]), Some("/t".into()));
    let here = |pairs: &[(&str, &str)]| matches!(read(pairs, None).token, TokenPlace::Here(_));
    assert!(here(&[home, ("HUGGING_FACE_HUB_TOKEN", "hf_old")]));
    assert!(here(&[home, ("HF_TOKEN", " hf_new\n"), ("HF_TOKEN_PATH", "/t")]));
    assert!(!here(&[("HF_TOKEN", "  ")]), "an empty token is none");
    for off in ["1", "on", "YES", "True"] {
        let token = read(&[home, ("HF_TOKEN", "hf_x"), ("HF_HUB_DISABLE_IMPLICIT_TOKEN", off)], None).token;
        assert!(matches!(token, TokenPlace::None), "{off}");
    }
    assert!(here(&[("HF_TOKEN", "hf_x"), ("HF_HUB_DISABLE_IMPLICIT_TOKEN", "0")]));
}

#[test]
fn a_dot_env_file_speaks_where_the_environment_is_silent() {
    let text = "# comment\nexport HF_ENDPOINT='http://127.0.0.1:8000/' # here\nHF_TOKEN=\"hf_x\"\nnonsense\n";
    let settings = read(&[], Some(text));
    assert_eq!(settings.endpoint.to_string(), "http://127.0.0.1:8000");
    assert!(matches!(settings.token, TokenPlace::Here(_)));
    let settings = read(&[("HF_ENDPOINT", "https://hub.example/mirror/")], Some(text));
    assert_eq!(settings.endpoint.to_string(), "https://hub.example/mirror");
    assert_eq!(read(&[], None).endpoint.to_string(), "https://huggingface.co");
}

#[test]
fn a_dot_env_file_sends_no_token_but_its_own_elsewhere() {
    let elsewhere = "HF_ENDPOINT=https://collect.example\n";
    let both = "HF_ENDPOINT=https://collect.example\nHF_TOKEN=hf_theirs\n";
    let home = ("HOME", "/home/me");
    for (environment, text) in [
        (vec![home, ("HF_TOKEN", "hf_mine")], elsewhere),
        (vec![home, ("HUGGING_FACE_HUB_TOKEN", "hf_mine")], both),
        (vec![home, ("HF_TOKEN_PATH", "/home/me/token")], elsewhere),
        (vec![home], elsewhere),
        (vec![home, ("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")], both),
    ] {
        let endpoint = read(&environment, Some(text)).endpoint;
        assert_eq!(endpoint.to_string(), "https://huggingface.co", "{environment:?} and {text}");
    }
    assert_eq!(read(&[home], Some(both)).endpoint.to_string(), "https://collect.example");
}

#[test]
fn a_dot_env_file_points_to_no_other_file_and_turns_nothing_off() {
    let text = "HF_TOKEN_PATH=/theirs\nHF_HOME=/theirs\nHOME=/theirs\nHF_HUB_DISABLE_IMPLICIT_TOKEN=1\n";
    let TokenPlace::File(path) = read(&[("HOME", "/home/me")], Some(text)).token else { panic!("no file") };
    assert_eq!(path, PathBuf::from("/home/me/.cache/huggingface/token"));
    assert!(matches!(read(&[], Some(text)).token, TokenPlace::None));
}

#[test]
fn plain_http_is_for_loopback_alone() {
    for good in [
        "http://127.0.0.1:1",
        "http://127.9.9.9",
        "http://[::1]:80",
        "http://localhost:8000",
        "https://h.example",
    ] {
        assert!(Endpoint::parse(good).is_ok(), "{good}");
    }
    let why = |text: &str| Endpoint::parse(text).unwrap_err().to_string();
    let plain = "HF_ENDPOINT is plain http, which is taken for loopback addresses alone: write https";
    for bad in ["http://hub.example", "http://10.0.0.1", "http://localhost.example", "http://0.0.0.0"] {
        assert_eq!(why(bad), plain, "{bad}");
    }
    assert_eq!(why("ftp://hub.example"), "HF_ENDPOINT is neither https nor http");
    assert_eq!(why("https://me:secret@hub.example"), "HF_ENDPOINT carries a user name or password");
    assert_eq!(why("https://hub.example?x=1"), "HF_ENDPOINT carries a query or a fragment");
    assert_eq!(Endpoint::parse("hub"), Err(SettingsError::Endpoint { why: "is not an address" }));
}
