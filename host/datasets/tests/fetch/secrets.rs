//! The token: to the hub, to nobody else, and never shown.

use plimsoll_datasets::fetch::{Endpoint, Settings, Token, TokenPlace};
use plimsoll_hub::{Fault, Side, Way};

use super::raw::{Raw, Reply};
use super::support::{REPO, TOKEN, fetched, hub, one, refused, with_token};

#[tokio::test]
async fn a_foreign_host_never_gets_the_token() {
    for (way, fault) in [(Way::Large, None), (Way::Plain, Some(Fault::ForeignRedirect))] {
        let (hub, folder) = (hub(way), tempfile::tempdir().unwrap());
        if let Some(fault) = fault {
            hub.fail(REPO, fault, None);
        }
        fetched(one(&with_token(hub.address()), folder.path()).await);
        let told: Vec<_> = hub.log().all().iter().map(|asked| (asked.side, asked.had_token)).collect();
        assert_eq!(told, [(Side::Hub, true), (Side::Cdn, false)]);
    }
}

#[tokio::test]
async fn whoever_was_led_away_and_back_brings_no_token() {
    let server = Raw::serve(|asked| {
        let port = asked.line("host").unwrap().split_once(':').unwrap().1.to_owned();
        let to = match asked.path() {
            "/away" => format!("http://127.0.0.1:{port}/back"),
            "/back" => return Reply::new("404 No", &["Content-Length: 0".to_owned()], b""),
            _ => format!("http://localhost:{port}/away"),
        };
        Reply::new("302 Found", &[format!("Location: {to}"), "Content-Length: 0".to_owned()], b"")
    });
    let folder = tempfile::tempdir().unwrap();
    refused(one(&with_token(&server.address), folder.path()).await);
    let heads = server.heads.lock().unwrap();
    let with: Vec<bool> = heads.iter().map(|head| head.contains(TOKEN)).collect();
    // A link that is refused is asked for anew, from the hub on.
    assert_eq!(with, [true, false, false].repeat(with.len() / 3));
}

#[tokio::test]
async fn a_hub_that_repeats_the_token_does_not_get_it_shown() {
    let answers: [fn() -> Reply; 4] = [
        || Reply::new("302 Found", &[format!("Location: http://{TOKEN}.example/")], b""),
        || Reply::new("302 Found", &[format!("Location: https://{TOKEN}:x@cdn.example/")], b""),
        || Reply::new("403 No", &[format!("X-Error-Message: {TOKEN}"), "Content-Length: 0".into()], b""),
        || {
            let lines = [
                format!("Content-Encoding: {TOKEN}"),
                format!("X-Repo-Commit: {}", super::support::COMMIT),
                format!("ETag: \"{}\"", "0".repeat(64)),
                "Content-Length: 0".to_owned(),
            ];
            Reply::new("200 OK", &lines, b"")
        },
    ];
    for answer in answers {
        let server = Raw::serve(move |_| answer());
        let folder = tempfile::tempdir().unwrap();
        let fetch = with_token(&server.address);
        let refusal = refused(one(&fetch, folder.path()).await);
        let shown = format!("{refusal} {refusal:?}").to_lowercase();
        assert!(!shown.contains(&TOKEN.to_lowercase()), "{shown}");
    }
}

#[test]
fn nothing_that_is_printed_holds_the_token() {
    let environment = [("HF_TOKEN".to_owned(), TOKEN.to_owned())].into();
    let settings = Settings::read(&environment, None).unwrap();
    assert!(matches!(settings.token, TokenPlace::Here(_)));
    let mut options =
        plimsoll_datasets::fetch::FetchOptions::new(Endpoint::parse("https://hub.example").unwrap());
    options.token = Token::parse(TOKEN, "a test").unwrap();
    let shown = format!("{settings:?} {options:?}");
    assert!(!shown.contains("AbCdEf") && shown.contains("Token(hidden)"), "{shown}");
    let broken = [("HF_TOKEN".to_owned(), format!("{TOKEN}\u{7f}x"))].into();
    let error = Settings::read(&broken, None).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("AbCdEf"));
    assert_eq!(
        error.to_string(),
        "the token in HF_TOKEN is not a token: expected up to 512 letters, digits and signs without blanks"
    );
}
