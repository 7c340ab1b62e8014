//! The tape printed: separators `", "` and `": "`, names in order, each byte written once.

use crate::tape::{Kind, Tape};

/// A list or object that is being printed: what is left of it.
enum Open {
    /// The next item's node, and the node behind the list.
    List(u32, u32),
    /// The next name's place among the sorted ones, and where they end.
    Object(u32, u32),
}

/// Writes the value at node 0.
pub(crate) fn write(tape: &Tape, line: &[u8], out: &mut Vec<u8>) {
    let mut open: Vec<Open> = Vec::new();
    let mut number = 0;
    loop {
        let node = tape.node(number);
        match node.kind {
            Kind::List => {
                out.push(b'[');
                open.push(Open::List(number + 1, node.next));
            }
            Kind::Object => {
                out.push(b'{');
                open.push(Open::Object(node.start, node.end));
            }
            _ => out.extend_from_slice(tape.text(line, node)),
        }
        match next(tape, line, &mut open, out) {
            Some(value) => number = value,
            None => return,
        }
    }
}

/// Closes what is at its end and gives the next value's node. A comma is due unless the bracket was just opened.
fn next(tape: &Tape, line: &[u8], open: &mut Vec<Open>, out: &mut Vec<u8>) -> Option<u32> {
    loop {
        let first = matches!(out.last(), Some(b'[' | b'{'));
        match open.last_mut()? {
            Open::List(item, end) if item == end => out.push(b']'),
            Open::Object(name, end) if name == end => out.push(b'}'),
            Open::List(item, _) => {
                out.extend_from_slice(if first { b"" } else { b", " });
                let value = *item;
                *item = tape.node(value).next;
                return Some(value);
            }
            Open::Object(name, _) => {
                out.extend_from_slice(if first { b"" } else { b", " });
                let number = tape.sorted[*name as usize];
                *name += 1;
                out.extend_from_slice(tape.text(line, tape.node(number)));
                out.extend_from_slice(b": ");
                return Some(number + 1);
            }
        }
        open.pop();
    }
}
