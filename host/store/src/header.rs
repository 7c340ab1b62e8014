//! The header: one page, two slots, each complete and checksummed by itself.
//!
//! A new state is written to the second slot first and made durable, then to the first: whatever moment a
//! crash picks, one slot is whole. The slot with the higher generation holds.

use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::FileExt;
use std::path::Path;

use plimsoll_core::{Digest, Hotkey, Identity, Layout, NetUid, Order, Pass};

use crate::codec::{Reader, Writer};
use crate::spec::{MOST_PASSES, NAME_BYTES, PASS_NAME_BYTES};
use crate::{Geometry, PAGE_BYTES, PlotSpec, SchemeTag, StoreError};

/// The first eight bytes of a plot file.
pub const MAGIC: [u8; 8] = *b"PLIMPLOT";
/// The version of the format that this crate writes.
pub const VERSION: u16 = 1;
/// Bytes of one of the two slots.
pub const SLOT_BYTES: usize = 2048;

const CHECKSUM_AT: usize = SLOT_BYTES - 32;
const FILLING: u16 = 1;
const SEALED: u16 = 2;
const HAS_COMMITMENT: u32 = 1;

const _: () = assert!(2 * SLOT_BYTES as u64 == PAGE_BYTES);
const _: () = assert!(368 + MOST_PASSES * 64 <= CHECKSUM_AT);

/// What a plot says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlotHeader {
    /// Whose it is, what filled it, in which sizes.
    pub spec: PlotSpec,
    /// Whether it is complete.
    pub sealed: bool,
    /// What its scheme committed to, if it commits; only in a sealed plot.
    pub commitment: Option<Digest>,
    /// The root of the integrity tree: the BLAKE3 of the region. Zero until sealed.
    pub integrity_root: Digest,
    /// Ties the journal to this very file while it is being filled; zero once sealed.
    pub(crate) fill_id: [u8; 16],
}

/// Which of the two slots could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slots {
    /// Both, and they agree.
    Both,
    /// One is damaged or older; the other one holds. 0 or 1 is the one that should be written again.
    Stale(u8),
}

impl PlotHeader {
    pub(crate) const fn filling(spec: PlotSpec, fill_id: [u8; 16]) -> Self {
        Self { spec, sealed: false, commitment: None, integrity_root: Digest([0; 32]), fill_id }
    }

    /// The header of a complete plot.
    #[must_use]
    pub const fn new_sealed(spec: PlotSpec, commitment: Option<Digest>, integrity_root: Digest) -> Self {
        Self { spec, sealed: true, commitment, integrity_root, fill_id: [0; 16] }
    }

    /// Where everything lies.
    #[must_use]
    pub fn geometry(&self) -> Geometry {
        Geometry::of(self.spec.layout.region_bytes)
    }

    /// Filling is the first state of a file, sealed the second and last.
    const fn generation(&self) -> u64 {
        if self.sealed { 2 } else { 1 }
    }

    /// One slot; the specification has passed [`PlotSpec::check`].
    #[must_use]
    pub fn encode_slot(&self) -> [u8; SLOT_BYTES] {
        let mut slot = [0; SLOT_BYTES];
        let mut w = Writer::new(&mut slot);
        let PlotSpec { identity, scheme, layout } = &self.spec;
        let geometry = self.geometry();
        w.bytes(&MAGIC);
        w.u16(VERSION);
        w.u16(if self.sealed { SEALED } else { FILLING });
        w.u32(if self.commitment.is_some() { HAS_COMMITMENT } else { 0 });
        w.u64(self.generation());
        w.u16(identity.netuid.0);
        w.zeros(6);
        w.bytes(&identity.owner.0);
        w.bytes(&identity.validator.0);
        w.bytes(&scheme.plugin.0);
        w.bytes(&scheme.params.0);
        w.u32(layout.unit_bytes);
        w.zeros(4);
        w.u64(layout.units);
        w.u64(layout.region_bytes);
        w.u64(layout.memory_bytes);
        w.u64(geometry.region_offset);
        w.u64(geometry.tree_offset);
        w.u64(geometry.tree_bytes);
        w.bytes(&self.commitment.unwrap_or_default().0);
        w.bytes(&self.integrity_root.0);
        w.bytes(&self.fill_id);
        // Both counts were checked against small limits, so that nothing is cut off here.
        w.u16(scheme.name.len() as u16);
        w.u16(layout.passes.len() as u16);
        w.zeros(4);
        w.padded(&scheme.name, NAME_BYTES);
        debug_assert_eq!(w.at(), 368);
        for pass in &layout.passes {
            w.u64(pass.units);
            w.bytes(&[matches!(pass.order, Order::Sequential).into(), pass.name.len() as u8]);
            w.zeros(6);
            w.padded(&pass.name, PASS_NAME_BYTES);
        }
        let checksum = blake3::hash(&slot[..CHECKSUM_AT]);
        slot[CHECKSUM_AT..].copy_from_slice(checksum.as_bytes());
        slot
    }

    /// Reads one slot.
    ///
    /// # Errors
    /// Why it is none, in one sentence.
    pub fn decode_slot(slot: &[u8; SLOT_BYTES]) -> Result<Self, String> {
        if slot.iter().all(|&b| b == 0) {
            return Err("the header is empty".to_owned());
        }
        if slot[..8] != MAGIC {
            return Err("it does not begin with PLIMPLOT".to_owned());
        }
        if blake3::hash(&slot[..CHECKSUM_AT]).as_bytes() != &slot[CHECKSUM_AT..] {
            return Err("the header's checksum does not match: it is damaged".to_owned());
        }
        let version = u16::from_le_bytes([slot[8], slot[9]]);
        if version != VERSION {
            return Err(format!("its format is version {version}, this program knows version {VERSION}"));
        }
        let header = Self::decode_fields(&slot[10..CHECKSUM_AT]).ok_or("the header contradicts itself")?;
        header.spec.check().map_err(|e| e.to_string())?;
        if header.encode_slot() != *slot {
            return Err("the header contradicts itself".to_owned());
        }
        Ok(header)
    }

    fn decode_fields(fields: &[u8]) -> Option<Self> {
        let mut r = Reader::new(fields);
        let (state, flags, _generation) = (r.u16()?, r.u32()?, r.u64()?);
        let netuid = NetUid(r.u16()?);
        r.bytes(6)?;
        let identity = Identity { netuid, owner: Hotkey(r.array()?), validator: Hotkey(r.array()?) };
        let (plugin, params) = (Digest(r.array()?), Digest(r.array()?));
        let unit_bytes = r.u32()?;
        r.bytes(4)?;
        let (units, region_bytes, memory_bytes) = (r.u64()?, r.u64()?, r.u64()?);
        r.bytes(24)?;
        let (commitment, integrity_root) = (Digest(r.array()?), Digest(r.array()?));
        let fill_id = r.array()?;
        let (name_len, pass_count) = (r.u16()?, r.u16()?);
        r.bytes(4)?;
        let name = r.padded(name_len.into(), NAME_BYTES)?.to_owned();
        if usize::from(pass_count) > MOST_PASSES {
            return None;
        }
        let passes = (0..pass_count).map(|_| decode_pass(&mut r)).collect::<Option<Vec<_>>>()?;
        let layout = Layout { unit_bytes, units, region_bytes, memory_bytes, passes };
        let spec = PlotSpec { identity, scheme: SchemeTag { name, plugin, params }, layout };
        let commitment = (flags & HAS_COMMITMENT != 0).then_some(commitment);
        Some(Self { spec, sealed: state == SEALED, commitment, integrity_root, fill_id })
    }

    /// Both slots, each this header.
    #[must_use]
    pub fn encode_page(&self) -> [u8; PAGE_BYTES as usize] {
        let slot = self.encode_slot();
        let mut page = [0; PAGE_BYTES as usize];
        page[..SLOT_BYTES].copy_from_slice(&slot);
        page[SLOT_BYTES..].copy_from_slice(&slot);
        page
    }

    /// The newer whole slot of a header page.
    ///
    /// # Errors
    /// [`StoreError::NotAPlot`] where neither slot is whole.
    pub fn decode_page(page: &[u8; PAGE_BYTES as usize], path: &Path) -> Result<(Self, Slots), StoreError> {
        let slot = |at: usize| {
            let mut slot = [0; SLOT_BYTES];
            slot.copy_from_slice(&page[at..at + SLOT_BYTES]);
            Self::decode_slot(&slot)
        };
        match (slot(0), slot(SLOT_BYTES)) {
            (Ok(first), Ok(second)) if first == second => Ok((first, Slots::Both)),
            (Ok(first), Ok(second)) if first.generation() >= second.generation() => {
                Ok((first, Slots::Stale(1)))
            }
            (_, Ok(second)) => Ok((second, Slots::Stale(0))),
            (Ok(first), Err(_)) => Ok((first, Slots::Stale(1))),
            (Err(why), Err(_)) => Err(StoreError::NotAPlot { path: path.to_owned(), why }),
        }
    }
}

/// Reads the header of the file at `path`.
///
/// # Errors
/// [`StoreError::NotAPlot`]; [`StoreError::Io`] where there is no file or it cannot be read.
pub fn read_header(path: &Path) -> Result<(PlotHeader, Slots), StoreError> {
    let file = File::open(path).map_err(StoreError::io(path, "open"))?;
    let mut page = [0; PAGE_BYTES as usize];
    file.read_exact_at(&mut page, 0).map_err(|e| match e.kind() {
        ErrorKind::UnexpectedEof => {
            StoreError::NotAPlot { path: path.to_owned(), why: "it is shorter than a header".to_owned() }
        }
        _ => StoreError::Io { path: path.to_owned(), doing: "read the header", source: e },
    })?;
    PlotHeader::decode_page(&page, path)
}

fn decode_pass(r: &mut Reader<'_>) -> Option<Pass> {
    let units = r.u64()?;
    let [order, name_len] = r.array()?;
    r.bytes(6)?;
    let name = r.padded(name_len.into(), PASS_NAME_BYTES)?.to_owned();
    let order = if order == 0 { Order::Independent } else { Order::Sequential };
    Some(Pass { name, units, order })
}
