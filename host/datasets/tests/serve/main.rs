//! The pages over real HTTP, of a real archive.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod pages;
mod refusals;
mod visitors;
mod world;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::LazyLock;

use plimsoll_datasets::serve::{ServeOptions, Site, Visitors, bind, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One archive for all tests: none of them changes it.
static FOLDER: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    world::make(folder.path(), 24);
    folder
});

/// An answer.
struct Answer {
    status: u16,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Answer {
    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

/// The other archive.
static OTHERS: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    world::make_others(folder.path());
    folder
});

/// A server of an archive, until the test ends.
async fn serving(
    folder: &'static LazyLock<tempfile::TempDir>,
    visitors: Visitors,
    names: &[&str],
) -> SocketAddr {
    let site = tokio::task::spawn_blocking(|| {
        Site::open(ServeOptions { limit: Some(33), ..ServeOptions::new(folder.path()) }).unwrap()
    });
    let site = site.await.unwrap();
    let listening = bind("127.0.0.1:0".parse().unwrap(), visitors).await.unwrap();
    let listening = listening.known_as(names.iter().map(|name| (*name).to_owned()));
    let address = listening.address();
    tokio::spawn(serve(listening, site, std::future::pending()));
    address
}

async fn started(visitors: Visitors) -> SocketAddr {
    serving(&FOLDER, visitors, &[]).await
}

async fn named(names: &[&str]) -> SocketAddr {
    serving(&FOLDER, Visitors::Anybody, names).await
}

async fn others() -> SocketAddr {
    serving(&OTHERS, Visitors::ThisMachine, &[]).await
}

async fn asked(address: SocketAddr, method: &str, path: &str, host: &str) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("{method} {path} HTTP/1.0\r\nHost: {host}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    let at = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let head = std::str::from_utf8(&bytes[..at]).unwrap();
    let mut head = head.split("\r\n");
    let status = head.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = head.filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
    Answer { status, headers, body: bytes[at + 4..].to_vec() }
}

async fn get(address: SocketAddr, path: &str) -> Answer {
    asked(address, "GET", path, "127.0.0.1").await
}

/// A page that must be there.
async fn page(address: SocketAddr, path: &str) -> String {
    let answer = get(address, path).await;
    let text = answer.text().to_owned();
    assert_eq!(answer.status, 200, "{path}: {text}");
    assert_eq!(answer.headers["content-type"], "text/html; charset=utf-8", "{path}");
    assert!(text.starts_with("<!doctype html>") && text.ends_with("</html>\n"), "{path}: {text}");
    assert!(!text.contains("role=\"alert\""), "{path}: {text}");
    text
}
