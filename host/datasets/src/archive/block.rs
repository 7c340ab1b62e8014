//! A block: some pieces, compressed together, under one digest.
//!
//! ```text
//!  0  "PLBK"                    4
//!  4  version, 1                1
//!  5  compression               1   0 none, 1 zstd
//!  6  zero                      2
//!  8  number of the first piece 8
//! 16  pieces                    4
//! 20  bytes of the directory    4
//! 24  bytes of the pieces       4
//! 28  bytes of them as stored   4
//! 32  BLAKE3, keyed by the archive, of its place, the 32 bytes before, the directory and the stored bytes
//! 64  directory: for each piece the difference to the number before it as varint (the first: 0), then
//!     its length × 2 + 1 if it is a row, then the row's id (16)
//!     the pieces, one behind the other, compressed
//! ```
//!
//! Row ids lie outside of what is compressed: an overlap reads them without unpacking a line.

use std::cell::RefCell;
use std::ops::Range;
use std::sync::OnceLock;

use plimsoll_json::RowId;

use super::bytes::{Fields, put_varint};
use super::error::BlockFault;

const MAGIC: [u8; 4] = *b"PLBK";
const VERSION: u8 = 1;
const HEAD_BYTES: usize = 64;
const PLAIN: u8 = 0;
const ZSTD: u8 = 1;
/// What is left of the lines of a subnet at this level differs by a few percent from the highest.
const LEVEL: i32 = 3;
/// A block is closed once it holds so many bytes of pieces.
pub(super) const FULL_BYTES: usize = 64 << 10;
/// No block holds more bytes of pieces, so that a damaged length asks for no more memory.
pub(super) const MOST_BYTES: usize = 256 << 20;

/// One piece of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) number: u64,
    pub(super) at: Range<usize>,
    pub(super) id: Option<RowId>,
}

/// Pieces under way to their block, in ascending numbers.
#[derive(Debug, Default)]
pub(super) struct OpenBlock {
    slots: Vec<Slot>,
    text: Vec<u8>,
}

impl OpenBlock {
    pub(super) fn push(&mut self, number: u64, bytes: &[u8], id: Option<RowId>) {
        let begin = self.text.len();
        self.text.extend_from_slice(bytes);
        self.slots.push(Slot { number, at: begin..self.text.len(), id });
    }

    pub(super) const fn is_full(&self) -> bool {
        self.text.len() >= FULL_BYTES
    }

    /// Whether `more` bytes would make a block that cannot be read back.
    pub(super) const fn overflows(&self, more: usize) -> bool {
        !self.slots.is_empty() && self.text.len() + more > MOST_BYTES
    }

    pub(super) fn find(&self, number: u64) -> Option<(&[u8], Option<RowId>)> {
        let slot = &self.slots[self.slots.binary_search_by_key(&number, |slot| slot.number).ok()?];
        Some((&self.text[slot.at.clone()], slot.id))
    }

    /// The first and the last number, unless it is empty.
    pub(super) fn span(&self) -> Option<(u64, u64)> {
        Some((self.slots.first()?.number, self.slots.last()?.number))
    }

    pub(super) fn numbers(&self) -> impl Iterator<Item = u64> {
        self.slots.iter().map(|slot| slot.number)
    }

    /// The block's bytes, whose digest [`seal`] makes; `None` if what was encoded does not decode to these pieces.
    pub(super) fn encode(&self, packer: &mut Packer) -> Option<Vec<u8>> {
        let (first, _) = self.span()?;
        let mut directory = Vec::new();
        let mut before = first;
        for slot in &self.slots {
            put_varint(&mut directory, slot.number - before);
            put_varint(&mut directory, (slot.at.len() as u64) << 1 | u64::from(slot.id.is_some()));
            directory.extend(slot.id.iter().flat_map(|id| id.0));
            before = slot.number;
        }
        let packed = packer.0.compress(&self.text).ok().filter(|packed| packed.len() < self.text.len());
        let (kind, stored) = packed.as_deref().map_or((PLAIN, &self.text[..]), |packed| (ZSTD, packed));
        let mut out = Vec::with_capacity(HEAD_BYTES + directory.len() + stored.len());
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&[VERSION, kind, 0, 0]);
        out.extend_from_slice(&first.to_le_bytes());
        for size in [self.slots.len(), directory.len(), self.text.len(), stored.len()] {
            out.extend_from_slice(&u32::try_from(size).ok()?.to_le_bytes());
        }
        out.extend_from_slice(&[0; 32]);
        out.extend_from_slice(&directory);
        out.extend_from_slice(stored);
        let back = Block::unsealed(&out, 0, 0).ok()?;
        (back.slots == self.slots && back.text().ok()? == self.text).then_some(out)
    }
}

/// Compresses blocks.
pub(super) struct Packer(zstd::bulk::Compressor<'static>);

impl Packer {
    pub(super) fn new() -> std::io::Result<Self> {
        zstd::bulk::Compressor::new(LEVEL).map(Self)
    }
}

/// Unpacks with what the thread unpacked with before: making that anew takes as long as a small block.
fn unpack(stored: &[u8], text_bytes: usize) -> Option<Vec<u8>> {
    thread_local! {
        static UNPACKER: RefCell<Option<zstd::bulk::Decompressor<'static>>> = const { RefCell::new(None) };
    }
    UNPACKER.with_borrow_mut(|kept| {
        let unpacker = match kept {
            Some(unpacker) => unpacker,
            None => kept.insert(zstd::bulk::Decompressor::new().ok()?),
        };
        unpacker.decompress(stored, text_bytes).ok()
    })
}

/// Gives a block its digest. Pack and offset are under it, so that a block is one at its own place alone; and a key that
/// nobody else knows, so that bytes within a dataset are none.
pub(super) fn seal(block: &mut [u8], key: &[u8; 32], pack: u32, offset: u32) {
    if block.len() >= HEAD_BYTES {
        let digest = digest_of(block, key, pack, offset);
        block[32..HEAD_BYTES].copy_from_slice(&digest);
    }
}

fn digest_of(block: &[u8], key: &[u8; 32], pack: u32, offset: u32) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_keyed(key);
    hasher.update(&pack.to_le_bytes()).update(&offset.to_le_bytes());
    hasher.update(&block[..32]).update(&block[HEAD_BYTES..]);
    *hasher.finalize().as_bytes()
}

/// How long the block is that `bytes` begin with, if they begin with one and hold all of it.
pub(super) fn block_bytes(bytes: &[u8]) -> Option<usize> {
    let mut head = Fields::of(bytes.get(..HEAD_BYTES)?);
    if head.array()? != MAGIC {
        return None;
    }
    head.bytes(16)?;
    let (directory, _text, stored) = (head.u32()? as usize, head.u32()?, head.u32()? as usize);
    HEAD_BYTES.checked_add(directory)?.checked_add(stored).filter(|len| *len <= bytes.len())
}

/// Whether a block has its digest; unpacks nothing.
pub(super) fn check_digest(bytes: &[u8], key: &[u8; 32], pack: u32, offset: u32) -> Result<(), BlockFault> {
    if bytes.len() < HEAD_BYTES || digest_of(bytes, key, pack, offset) != bytes[32..HEAD_BYTES] {
        return Err(BlockFault::Digest { pack, offset });
    }
    Ok(())
}

/// A block whose digest held. Its pieces are unpacked when the first is asked for.
#[derive(Debug)]
pub(super) struct Block {
    slots: Vec<Slot>,
    kind: u8,
    stored: Vec<u8>,
    text_bytes: usize,
    text: OnceLock<Vec<u8>>,
    place: (u32, u32),
}

impl Block {
    /// Checks everything but the unpacking.
    pub(super) fn parse(bytes: &[u8], key: &[u8; 32], pack: u32, offset: u32) -> Result<Self, BlockFault> {
        check_digest(bytes, key, pack, offset)?;
        Self::unsealed(bytes, pack, offset)
    }

    fn unsealed(bytes: &[u8], pack: u32, offset: u32) -> Result<Self, BlockFault> {
        let form = |why| BlockFault::Form { pack, offset, why };
        let mut head = Fields::of(&bytes[..32]);
        let [magic @ .., version, kind, _, _] = head.array::<8>().ok_or_else(|| form("no head"))?;
        if magic != MAGIC {
            return Err(form("it does not begin as one"));
        }
        if version != VERSION || kind > ZSTD {
            return Err(form("a newer program wrote it"));
        }
        let sizes = (head.u64(), head.u32(), head.u32(), head.u32(), head.u32());
        let (Some(first), Some(count), Some(directory), Some(text), Some(stored)) = sizes else {
            return Err(form("no head"));
        };
        let (directory, text) = (directory as usize, text as usize);
        if HEAD_BYTES + directory + stored as usize != bytes.len() || text > MOST_BYTES {
            return Err(form("its sizes contradict one another"));
        }
        let (directory, stored) = bytes[HEAD_BYTES..].split_at(directory);
        let slots = slots(directory, first, count, text).ok_or_else(|| form("its directory is none"))?;
        let stored = stored.to_vec();
        Ok(Self { slots, kind, stored, text_bytes: text, text: OnceLock::new(), place: (pack, offset) })
    }

    pub(super) fn text(&self) -> Result<&[u8], BlockFault> {
        if let Some(text) = self.text.get() {
            return Ok(text);
        }
        let (pack, offset) = self.place;
        let form = |why| BlockFault::Form { pack, offset, why };
        let text = match self.kind {
            PLAIN => self.stored.clone(),
            _ => unpack(&self.stored, self.text_bytes).ok_or_else(|| form("it cannot be unpacked"))?,
        };
        if text.len() != self.text_bytes {
            return Err(form("it unpacks to another length"));
        }
        Ok(self.text.get_or_init(|| text))
    }

    pub(super) fn slot(&self, number: u64) -> Option<&Slot> {
        self.slots.binary_search_by_key(&number, |slot| slot.number).ok().map(|at| &self.slots[at])
    }

    pub(super) fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// Memory that it takes.
    pub(super) fn weight_bytes(&self) -> usize {
        self.slots.len() * size_of::<Slot>() + self.stored.len() + self.text_bytes
    }
}

fn slots(directory: &[u8], first: u64, count: u32, text_bytes: usize) -> Option<Vec<Slot>> {
    let mut fields = Fields::of(directory);
    let mut slots = Vec::with_capacity((count as usize).min(directory.len() / 2));
    let (mut number, mut begin) = (first, 0usize);
    for index in 0..count {
        let step = fields.varint()?;
        if (step == 0) != (index == 0) {
            return None;
        }
        number = number.checked_add(step)?;
        let length = fields.varint()?;
        let end = begin.checked_add(usize::try_from(length >> 1).ok()?)?;
        let id = if length & 1 == 1 { Some(RowId(fields.array()?)) } else { None };
        slots.push(Slot { number, at: begin..end, id });
        begin = end;
    }
    fields.whole(slots).filter(|_| begin == text_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: [u8; 32] = [9; 32];

    fn sealed(open: &OpenBlock, pack: u32, offset: u32) -> Option<Vec<u8>> {
        let mut bytes = open.encode(&mut Packer::new().unwrap())?;
        seal(&mut bytes, &KEY, pack, offset);
        Some(bytes)
    }

    fn open(pieces: &[(Vec<u8>, bool)]) -> OpenBlock {
        let mut open = OpenBlock::default();
        for (index, (bytes, is_row)) in pieces.iter().enumerate() {
            open.push(7 + 3 * index as u64, bytes, is_row.then(|| RowId::of(bytes)));
        }
        open
    }

    proptest! {
        #[test]
        fn pieces_and_their_ids_come_back(pieces: Vec<(Vec<u8>, bool)>) {
            let open = open(&pieces);
            let bytes = sealed(&open, 1, 2);
            prop_assert_eq!(bytes.is_none(), pieces.is_empty());
            let Some(bytes) = bytes else { return Ok(()) };
            let block = Block::parse(&bytes, &KEY, 1, 2).unwrap();
            for (index, (piece, is_row)) in pieces.iter().enumerate() {
                let slot = block.slot(7 + 3 * index as u64).unwrap();
                prop_assert_eq!(&block.text().unwrap()[slot.at.clone()], &piece[..]);
                prop_assert_eq!(slot.id, is_row.then(|| RowId::of(piece)));
            }
            prop_assert!(block.slot(8).is_none());
        }

        #[test]
        fn garbage_with_a_good_digest_is_no_panic(mut bytes in proptest::collection::vec(any::<u8>(), 64..200)) {
            bytes[..6].copy_from_slice(b"PLBK\x01\x01");
            for size in [16, 20, 24, 28] {
                bytes[size + 1..size + 4].fill(0);
            }
            seal(&mut bytes, &KEY, 0, 0);
            if let Ok(block) = Block::parse(&bytes, &KEY, 0, 0) {
                let _ = block.text();
            }
        }
    }

    #[test]
    fn every_flipped_byte_is_found() {
        let open = open(&[(b"{\"a\": 1}\n".repeat(30), true), (b"b\n".to_vec(), false)]);
        let bytes = sealed(&open, 3, 9).unwrap();
        for at in 0..bytes.len() {
            let mut bad = bytes.clone();
            bad[at] ^= 0x10;
            assert_eq!(
                Block::parse(&bad, &KEY, 3, 9).unwrap_err(),
                BlockFault::Digest { pack: 3, offset: 9 },
                "{at}"
            );
        }
    }

    #[test]
    fn a_block_is_none_at_another_place_nor_in_another_archive() {
        let bytes = sealed(&open(&[(b"a\n".to_vec(), false)]), 3, 9).unwrap();
        Block::parse(&bytes, &KEY, 3, 9).unwrap();
        for (key, pack, offset) in [(KEY, 4, 9), (KEY, 3, 10), ([8; 32], 3, 9)] {
            assert!(Block::parse(&bytes, &key, pack, offset).is_err());
        }
    }

    #[test]
    fn a_block_of_a_later_version_is_refused_with_a_sentence() {
        let mut bytes = sealed(&open(&[(b"a\n".to_vec(), false)]), 3, 9).unwrap();
        bytes[4] = 2;
        seal(&mut bytes, &KEY, 3, 9);
        assert_eq!(
            Block::parse(&bytes, &KEY, 3, 9).unwrap_err().to_string(),
            "pack 3: no block that this program knows at byte 9: a newer program wrote it"
        );
    }
}
