//! What cannot be asked gets a page with a sentence, and the right status.

use plimsoll_datasets::serve::Visitors;

use crate::world::{FAILED, TAKEN_DOWN, TOKEN};
use crate::{Answer, asked, get, started};

fn is_page(path: &str, answer: &Answer, status: u16, sentence: &str) {
    let text = answer.text();
    assert_eq!(answer.status, status, "{path}: {text}");
    assert!(text.starts_with("<!doctype html>") && text.contains("<h1>"), "{path}: {text}");
    assert!(text.contains(sentence), "{path}: {sentence:?} is not in {text}");
    assert!(!text.to_lowercase().contains("<script"), "{path}: {text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_addresses_and_fields_get_a_sentence_and_the_right_status() {
    let address = started(Visitors::ThisMachine).await;
    let failed = format!("/96/7082055/miner/{FAILED}/rows");
    let down = format!("/96/7082055/miner/{TAKEN_DOWN}/rows");
    for (path, status, sentence) in [
        ("/nothing/here/at/all/x", 404, "There is no page /nothing/here/at/all/x."),
        ("/%3Cscript%3E/1/2/3/4/5/6", 404, "There is no page"),
        ("/x", 400, "netuid: expected a number up to 65535, found “x”."),
        ("/65536", 400, "found “65536”"),
        ("/+96", 400, "found “+96”"),
        ("/%3Cscript%3Ealert(1)%3C/script%3E/7", 404, "There is no page"),
        ("/%3Cscript%3E", 400, "found “&lt;script&gt;”"),
        ("/%ff", 400, "not written in UTF-8"),
        ("/97", 404, "No snapshot of netuid 97 is kept."),
        ("/97/5", 404, "No snapshot of netuid 97 is kept."),
        ("/96/5", 404, "No snapshot of netuid 96 at block 5 is kept."),
        ("/96/99999999999999999999", 400, "block: expected a block number"),
        ("/96/7082055/miner/200", 404, "There was no uid 200"),
        ("/96/7082055/miner/-1", 400, "uid: expected a number"),
        (failed.as_str(), 404, "No dataset of miner 4 is kept at block 7,082,055: repo-not-found"),
        (down.as_str(), 410, "was taken down: its author asked &lt;for&gt; it"),
        ("/96/7082055?uid=abc", 400, "uid: expected a number up to 65535, found “abc”."),
        ("/96/7082055?sort=%22", 400, "sort: expected one of uid, hotkey"),
        ("/96/7082055?page=0", 400, "page: expected a number from 1, found “0”."),
        ("/96/7082055?state=both", 400, "state: expected one of all, kept, failed, skipped"),
        ("/96/7082055/groups?limit=-1", 400, "limit: expected a number of rows"),
        ("/96/7082055/changes?since=1", 404, "No snapshot of netuid 96 at block 1 is kept."),
        ("/96/7082055/miner/1/diff?uid=0", 404, "there was nothing to fetch"),
        ("/96/7082055/miner/1/diff?block=1", 404, "No snapshot"),
        ("/96/7082055/overlap?order=size", 400, "order: expected one of uid, group"),
        ("/96/7082055/overlap/size/picture", 404, "in the order uid or group"),
        ("/96/7082055/overlap/uid/cell?9999,1", 400, "not in the picture"),
        ("/96/7082055/overlap/uid/cell?a,b", 400, "not in the picture"),
        ("/96/7082055/proof?uid=999", 404, "There was no uid 999"),
    ] {
        is_page(path, &get(address, path).await, status, sentence);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_repeats_no_unseen_characters_and_no_keys() {
    let address = started(Visitors::ThisMachine).await;
    for path in [
        &format!("/96/7082055/miner/{FAILED}/rows"),
        &format!("/96/7082055/miner/{FAILED}/diff?uid=1"),
        "/96/7082055?page=%E2%80%AE1",
        "/96/7082055?sort=%E2%80%8B",
        "/%E2%80%AE96",
        "/96/%E2%80%AE1",
        "/96/7082055/miner/%E2%80%AE1",
    ] {
        let answer = get(address, path).await;
        let text = answer.text();
        assert!((400..500).contains(&answer.status), "{path}: {text}");
        assert!(!text.contains(['\u{202e}', '\u{200b}']), "{path}: {text}");
        assert!(text.contains("<span class=\"unseen\">U+20"), "{path}: {text}");
        assert!(!text.contains(TOKEN), "{path}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_only_read() {
    let address = started(Visitors::ThisMachine).await;
    for method in ["POST", "PUT", "DELETE"] {
        let answer = asked(address, method, "/96/7082055", "localhost").await;
        is_page(method, &answer, 405, "ask by GET");
    }
    let head = asked(address, "HEAD", "/96/7082055/miner/1", "localhost").await;
    assert_eq!((head.status, head.body.len()), (200, 0));
}
