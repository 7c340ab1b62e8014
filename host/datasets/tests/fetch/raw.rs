//! A server that says, byte for byte, what a test tells it to.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What comes after an answer's bytes.
#[derive(Clone, Copy)]
pub(crate) enum Then {
    Close,
    /// The connection stays open without a word.
    Hang,
    /// One more byte after each of these times, for ever.
    Drip(Duration),
}

pub(crate) struct Reply {
    pub(crate) bytes: Vec<u8>,
    pub(crate) then: Then,
}

impl Reply {
    /// A head of these lines and a body.
    pub(crate) fn new(status: &str, lines: &[String], body: &[u8]) -> Self {
        let mut bytes = format!("HTTP/1.1 {status}\r\nConnection: close\r\n").into_bytes();
        for line in lines {
            bytes.extend(line.bytes().chain(*b"\r\n"));
        }
        bytes.extend(b"\r\n");
        bytes.extend(body);
        Self { bytes, then: Then::Close }
    }

    pub(crate) fn then(self, then: Then) -> Self {
        Self { then, ..self }
    }
}

/// What is asked: the how-many-eth request since the start, and its head.
pub(crate) struct Asked<'r> {
    pub(crate) n: usize,
    pub(crate) head: &'r str,
}

impl Asked<'_> {
    pub(crate) fn line(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find_map(|(found, value)| found.eq_ignore_ascii_case(name).then_some(value))
    }

    pub(crate) fn path(&self) -> &str {
        self.head.split(' ').nth(1).unwrap()
    }
}

pub(crate) struct Raw {
    pub(crate) address: String,
    pub(crate) heads: Arc<Mutex<Vec<String>>>,
}

impl Raw {
    /// Serves until the process ends: its threads wait for connections that nobody makes any more.
    pub(crate) fn serve(answer: impl Fn(&Asked<'_>) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let heads: Arc<Mutex<Vec<String>>> = Arc::default();
        let (kept, count, answer) = (heads.clone(), Arc::new(AtomicUsize::new(0)), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (kept, count, answer) = (kept.clone(), count.clone(), answer.clone());
                std::thread::spawn(move || {
                    let mut stream = stream;
                    let head = head(&mut stream);
                    kept.lock().unwrap().push(head.clone());
                    let reply = answer(&Asked { n: count.fetch_add(1, Ordering::SeqCst), head: &head });
                    say(&mut stream, &reply);
                });
            }
        });
        Self { address, heads }
    }
}

fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).into_owned()
}

/// Whoever listens may hang up at any point: that is not the test's failure.
fn say(stream: &mut TcpStream, reply: &Reply) {
    let mut said = stream.write_all(&reply.bytes);
    match reply.then {
        Then::Close => {}
        Then::Hang => {
            let _until_the_other_side_leaves = stream.read(&mut [0]);
        }
        Then::Drip(each) => {
            while said.is_ok() {
                std::thread::sleep(each);
                said = stream.write_all(b"x");
            }
        }
    }
}
