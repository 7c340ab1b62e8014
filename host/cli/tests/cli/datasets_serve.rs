//! The archive's pages as an operator starts them.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use plimsoll_core::{BlockNumber, Digest, NetUid};
use plimsoll_datasets::archive::{Archive, Place, SnapshotFacts};

use crate::home::Home;
use crate::server::{Server, free_port};

fn with_archive() -> Home {
    let home = Home::warm();
    let mut archive = Archive::open(&home.path().join("kept")).unwrap();
    let mut batch = archive.batch().unwrap();
    let place = Place { netuid: NetUid(96), block: BlockNumber(7_082_055) };
    let (chain, block_hash, standings) = (Digest([5; 32]), Digest::default(), Default::default());
    let facts = SnapshotFacts { chain, place, block_hash, entries: Vec::new(), standings };
    batch.snapshot(facts, None, 0, false).unwrap();
    batch.commit().unwrap();
    drop(archive);
    home
}

#[test]
fn pages_are_served_until_ctrl_c() {
    let home = with_archive();
    let port = free_port();
    let line = format!("datasets serve --data-dir kept --at 127.0.0.1:{port}");
    let server = Server::start(home.path(), &line);
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(b"GET /96 HTTP/1.0\r\nHost: localhost\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.0 200 OK") && answer.contains("7,082,055"), "{answer}");
    assert_eq!(server.interrupt(), 0);
}

#[test]
fn without_an_archive_or_for_others_nothing_is_served() {
    let home = with_archive();
    let missing = home.run("datasets serve --data-dir nowhere");
    assert_eq!(missing.code, 10, "{}", missing.err);
    assert!(missing.err.contains("is no archive"), "{}", missing.err);
    let open = home.run("datasets serve --data-dir kept --at 0.0.0.0:0");
    assert_eq!(open.code, 2, "{}", open.err);
    assert!(open.err.contains("personal data") && open.err.contains("--anybody"), "{}", open.err);
}
