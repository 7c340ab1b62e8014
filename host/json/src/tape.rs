//! A line's values in a row, in the order they stand in: no tree, so nothing recurses, not even freeing it.

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    True,
    False,
    Number,
    /// A string, its quotes included.
    Text,
    /// A string as `Text`, and a member's name: its value is the next node.
    Name,
    List,
    Object,
}

/// Where a scalar's canonical text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the line itself: it was written canonically.
    Line,
    /// In [`Tape::made`].
    Made,
}

/// One value. A list's items and an object's members follow it; `next` is the node behind all of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) place: Place,
    /// A scalar's text; an object's range in [`Tape::sorted`]; 0 for a list.
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) next: u32,
}

/// A line's nodes and what belongs to them. Every offset fits 32 bits: lines are at most `MAX_LINE_BYTES` long and
/// no byte becomes more than six. A line has at most `MAX_VALUES` nodes of 16 bytes.
#[derive(Debug, Default)]
pub(crate) struct Tape {
    pub(crate) nodes: Vec<Node>,
    /// Canonical texts that differ from what the line says.
    pub(crate) made: Vec<u8>,
    /// For each object its members' names as node numbers: sorted, without doubles.
    pub(crate) sorted: Vec<u32>,
}

impl Tape {
    pub(crate) fn clear(&mut self) {
        self.nodes.clear();
        self.made.clear();
        self.sorted.clear();
    }

    pub(crate) fn node(&self, number: u32) -> Node {
        self.nodes[number as usize]
    }

    /// A scalar's canonical text.
    pub(crate) fn text<'a>(&'a self, line: &'a [u8], node: Node) -> &'a [u8] {
        let from = match node.place {
            Place::Line => line,
            Place::Made => &self.made,
        };
        &from[node.start as usize..node.end as usize]
    }

    /// A string's canonical text without its quotes.
    pub(crate) fn inner<'a>(&'a self, line: &'a [u8], node: Node) -> &'a [u8] {
        let quoted = self.text(line, node);
        &quoted[1..quoted.len() - 1]
    }

    /// An object's members' names, sorted.
    pub(crate) fn names(&self, object: Node) -> &[u32] {
        &self.sorted[object.start as usize..object.end as usize]
    }
}
