//! Who is answered, with which headers, and how the pages are built for those who do not see them.

use plimsoll_datasets::serve::{ServeError, Visitors, bind};

use crate::pages::all;
use crate::{asked, get, named, page, started};

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_forbids_loading_framing_and_storing() {
    let address = started(Visitors::ThisMachine).await;
    let picture = "/96/7082055/overlap/uid/picture";
    for path in all().iter().map(String::as_str).chain(["/style.css", "/icon.svg", picture, "/none", "/x"]) {
        let headers = get(address, path).await.headers;
        let policy = &headers["content-security-policy"];
        assert!(policy.starts_with("default-src 'none'; style-src 'self'; img-src 'self';"), "{policy}");
        assert!(
            policy.contains("frame-ancestors 'none'") && policy.contains("form-action 'self'"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
        let told = |name: &str| headers[name].as_str();
        assert_eq!(told("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(told("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(told("cache-control"), "private, no-store", "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_hosts_name_is_told_nothing_whoever_may_look() {
    let address = started(Visitors::ThisMachine).await;
    for host in ["example.org", "example.org:80", "127.0.0.1.example.org", ""] {
        let answer = asked(address, "GET", "/96/7082055/miner/1/rows", host).await;
        assert_eq!(answer.status, 421, "{host}");
        assert!(!answer.text().contains("Row id"), "{host}");
    }
    for host in ["localhost:1", "127.0.0.1", "[::1]:8080"] {
        assert_eq!(asked(address, "GET", "/", host).await.status, 200, "{host}");
    }
    // A name that was made to point at an address for others is no better.
    let open = started(Visitors::Anybody).await;
    let rebound = asked(open, "GET", "/96/7082055/miner/1/rows", "example.org").await;
    assert_eq!(rebound.status, 421);
    assert!(rebound.text().contains("answer to localhost, 127.0.0.1, [::1] alone"), "{}", rebound.text());
    let named = named(&["archive.lan", "example.org"]).await;
    for (host, status) in [("archive.lan:9997", 200), ("example.org", 200), ("www.example.org", 421)] {
        assert_eq!(asked(named, "GET", "/", host).await.status, status, "{host}");
    }
}

#[tokio::test]
async fn an_address_that_others_reach_needs_a_word() {
    let error = bind("0.0.0.0:0".parse().unwrap(), Visitors::ThisMachine).await.unwrap_err();
    assert!(matches!(error, ServeError::NotLoopback { .. }));
    assert!(error.to_string().contains("personal data"), "{error}");
    let taken = bind("127.0.0.1:0".parse().unwrap(), Visitors::ThisMachine).await.unwrap();
    let error = bind(taken.address(), Visitors::ThisMachine).await.unwrap_err();
    assert!(error.to_string().contains("choose another port"), "{error}");
}

/// The names of the elements in order, and what stands in their tags.
fn tags(text: &str) -> Vec<(&str, &str)> {
    let begun = text.split('<').skip(1).filter(|part| !part.starts_with(['/', '!']));
    begun
        .map(|part| part.split('>').next().unwrap())
        .map(|tag| tag.split_once(' ').unwrap_or((tag, "")))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn headings_are_in_order_tables_have_captions_fields_have_labels() {
    let address = started(Visitors::ThisMachine).await;
    for path in all() {
        let text = page(address, &path).await;
        let tags = tags(&text);
        assert!(text.contains("<html lang=\"en\">") && text.contains("<title>"), "{path}");
        let count = |name: &str| tags.iter().filter(|(tag, _)| *tag == name).count();
        assert_eq!((count("h1"), count("main")), (1, 1), "{path}");
        let levels = tags.iter().filter_map(|(tag, _)| tag.strip_prefix('h')?.parse::<u8>().ok());
        let levels: Vec<u8> = levels.collect();
        assert!(levels.windows(2).all(|two| two[1] <= two[0] + 1), "{path}: {levels:?}");
        assert_eq!(count("table"), count("caption"), "{path}");
        for (tag, rest) in &tags {
            // Of a doubled one browsers take the first.
            for name in [" class=", " id=", " href="] {
                assert!(format!(" {rest}").matches(name).count() < 2, "{path}: {tag} {rest}");
            }
        }
        let within = |name: &str, word: &str| {
            tags.iter().filter(|(tag, rest)| *tag == name && rest.contains(word)).count()
        };
        assert_eq!(count("th"), within("th", "scope="), "{path}");
        assert_eq!(count("img"), within("img", "alt=\""), "{path}");
        for (_, field) in
            tags.iter().filter(|(tag, rest)| matches!(*tag, "input" | "select") && !rest.contains("hidden"))
        {
            let id = field.split("id=\"").nth(1).unwrap().split('"').next().unwrap();
            assert!(text.contains(&format!("<label for=\"{id}\">")), "{path}: {field}");
        }
        let mut ids: Vec<&str> =
            text.split(" id=\"").skip(1).map(|part| part.split('"').next().unwrap()).collect();
        let n_ids = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), n_ids, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_link_leads_to_a_page() {
    let address = started(Visitors::ThisMachine).await;
    let mut seen = std::collections::BTreeSet::new();
    for path in all() {
        let text = page(address, &path).await;
        let links =
            text.split(" href=\"").skip(1).map(|part| part.split('"').next().unwrap().replace("&amp;", "&"));
        for link in links.filter(|link| !link.starts_with('#')) {
            let base = path.split('?').next().unwrap();
            let whole = if link.starts_with('?') { format!("{base}{link}") } else { link };
            if seen.len() < 400 && seen.insert(whole.clone()) {
                let status = get(address, &whole).await.status;
                assert!(matches!(status, 200 | 303), "{path} leads to {whole}: {status}");
            }
        }
    }
    assert!(seen.len() > 100, "{}", seen.len());
}
