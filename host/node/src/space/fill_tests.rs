use plimsoll_core::{Hotkey, NetUid, Pass, PlotSpace, RegionSpace, Span};

use super::*;
use crate::space::Silent;

/// Fills nothing and panics at its second span.
struct Clumsy(std::sync::atomic::AtomicU32);

impl Conductor for Clumsy {
    fn tag(&self) -> SchemeTag {
        SchemeTag { name: "clumsy".into(), plugin: Digest([0; 32]), params: Digest([0; 32]) }
    }

    fn hand(&self) -> Result<Box<dyn Hand + '_>, NodeError> {
        Ok(Box::new(Thumbs(self)))
    }
}

struct Thumbs<'a>(&'a Clumsy);

impl Hand for Thumbs<'_> {
    fn plan(&mut self, _: &Identity, capacity_bytes: u64) -> Result<Layout, NodeError> {
        let units = capacity_bytes >> 16;
        let passes = vec![Pass { name: "fill".into(), units, order: Order::Independent }];
        Ok(Layout { unit_bytes: 1 << 16, units, region_bytes: units << 16, memory_bytes: 0, passes })
    }

    fn fill(&mut self, plot: Arc<dyn PlotSpace>, _: &Identity, _: u32, units: Span) -> Result<(), NodeError> {
        let before = self.0.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        assert!(before != 1, "all thumbs");
        for unit in units.first..units.end() {
            plot.put(unit << 16, 1 << 16, &mut |bytes| bytes.fill(7)).unwrap();
        }
        Ok(())
    }

    fn commit(
        &mut self,
        _: Arc<dyn RegionSpace>,
        _: &Identity,
        _: &Layout,
    ) -> Result<Option<Digest>, NodeError> {
        Ok(None)
    }
}

/// Writes the units that `writes` says, in two passes: byte 7, but for `zeros` that are rightly there. May break down
/// before a pass.
struct Twice {
    writes: fn(u32, u64) -> bool,
    zeros: std::ops::Range<usize>,
    breaks_in: Option<u32>,
}

impl Conductor for Twice {
    fn tag(&self) -> SchemeTag {
        SchemeTag { name: "twice".into(), plugin: Digest([0; 32]), params: Digest([0; 32]) }
    }

    fn hand(&self) -> Result<Box<dyn Hand + '_>, NodeError> {
        Ok(Box::new(TwoPasses(self)))
    }
}

struct TwoPasses<'a>(&'a Twice);

impl Hand for TwoPasses<'_> {
    fn plan(&mut self, _: &Identity, capacity_bytes: u64) -> Result<Layout, NodeError> {
        let units = capacity_bytes >> 16;
        let pass = |name: &str| Pass { name: name.into(), units, order: Order::Independent };
        let passes = vec![pass("first"), pass("second")];
        Ok(Layout { unit_bytes: 1 << 16, units, region_bytes: units << 16, memory_bytes: 0, passes })
    }

    fn fill(
        &mut self,
        plot: Arc<dyn PlotSpace>,
        _: &Identity,
        pass: u32,
        units: Span,
    ) -> Result<(), NodeError> {
        if self.0.breaks_in == Some(pass) {
            return Err(NodeError::Unsupported("broken".into()));
        }
        for unit in (units.first..units.end()).filter(|unit| (self.0.writes)(pass, *unit)) {
            let mut write = |bytes: &mut [u8]| {
                bytes.fill(7);
                bytes[self.0.zeros.clone()].fill(0);
            };
            plot.put(unit << 16, 1 << 16, &mut write).unwrap();
        }
        Ok(())
    }

    fn commit(
        &mut self,
        _: Arc<dyn RegionSpace>,
        _: &Identity,
        _: &Layout,
    ) -> Result<Option<Digest>, NodeError> {
        Ok(None)
    }
}

/// What a run says, and what the next one says that goes on from a breakdown in the second pass.
fn twice(writes: fn(u32, u64) -> bool) -> [Result<(), String>; 2] {
    twice_with(writes, 0..0)
}

fn twice_with(writes: fn(u32, u64) -> bool, zeros: std::ops::Range<usize>) -> [Result<(), String>; 2] {
    [None, Some(1)].map(|breaks_in| {
        let folder = tempfile::tempdir().unwrap();
        let identity = Identity { netuid: NetUid(1), owner: Hotkey([1; 32]), validator: Hotkey([2; 32]) };
        let jobs = [GenerateJob { path: folder.path().join("a.plot"), identity, capacity_bytes: 8 << 20 }];
        let run = |breaks_in| {
            let conductor = Twice { writes, zeros: zeros.clone(), breaks_in };
            let made = conduct(&conductor, &jobs, &GenerateOptions::default(), &Silent).map(drop);
            let sealed = plimsoll_store::Plot::open(&jobs[0].path).is_ok();
            assert_eq!(sealed, made.is_ok());
            made.map_err(|why| why.to_string().replace(&jobs[0].path.display().to_string(), "a.plot"))
        };
        if breaks_in.is_some() {
            assert_eq!(run(breaks_in), Err("broken".to_owned()));
        }
        run(None)
    })
}

#[test]
fn units_that_no_pass_of_several_has_written_are_never_sealed() {
    let said = "a.plot: the proof scheme says that 128 units from 0 are filled, but 4194304 bytes of them were \
        not written; the plot is not sealed, and this scheme cannot be used";
    let missing = || Err(said.to_owned());
    assert_eq!(twice(|pass, unit| pass == 0 && unit % 2 == 0), [missing(), missing()]);
    assert_eq!(twice(|pass, unit| pass == 1 && unit >= 64), [missing(), missing()]);
}

#[test]
fn a_unit_may_be_written_in_any_pass() {
    assert_eq!(twice(|pass, unit| u64::from(pass) == unit % 2), [Ok(()), Ok(())]);
    assert_eq!(twice(|pass, _| pass == 1), [Ok(()), Ok(())]);
    assert_eq!(twice(|pass, _| pass == 0), [Ok(()), Ok(())]);
    assert_eq!(twice(|_, _| true), [Ok(()), Ok(())]);
}

#[test]
fn a_unit_may_hold_zeros_and_a_run_that_goes_on_seals_it_all_the_same() {
    for zeros in [0..4096, 0..(1 << 16) - 1, 4096..8192, 60_000..1 << 16] {
        assert_eq!(twice_with(|pass, _| pass == 0, zeros), [Ok(()), Ok(())]);
    }
}

#[test]
fn a_worker_that_panics_ends_the_run_with_an_error_and_the_others_do_not_wait_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let identity = Identity { netuid: NetUid(1), owner: Hotkey([1; 32]), validator: Hotkey([2; 32]) };
    let job = GenerateJob { path: folder.path().join("a.plot"), identity, capacity_bytes: 32 << 20 };
    let options = GenerateOptions { workers: Some(3), ..GenerateOptions::default() };
    let jobs = [job];
    let clumsy = Clumsy(0.into());
    let why = conduct(&clumsy, &jobs, &options, &Silent).unwrap_err().to_string();
    assert_eq!(why, "the system would not go on filling: a worker panicked: all thumbs");
    // What the others had finished is kept, and the next run goes on from there.
    let done = conduct(&Clumsy(9.into()), &jobs, &options, &Silent).unwrap();
    assert!(done[0].resumed_bytes > 0);
}
