//! A plugin's allocator: a nursery for the first blocks, the standard allocator for all others.
//!
//! Most calls run in an instance that is new and ends with them. A call over 256 miners takes some thousand small
//! blocks, mostly 32 bytes of a key, and gives them back in no order that matters; finding each a place of its own
//! is most of what such a call costs, and every page that memory grows by is a call of the system on the host. So
//! blocks are laid one behind the other into bytes that the module's memory has from the beginning. What does not fit
//! there goes to the standard allocator, so that an instance that lives long is as well off as without a nursery.
//!
//! A plugin that names a `#[global_allocator]` of its own cannot be linked with this one: it needs none.
#![expect(unsafe_code, reason = "an allocator hands out raw memory; see `Nursery` for why it may")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::{Cell, UnsafeCell};

/// Enough for a call over 256 miners with a sentence for each.
#[cfg(target_family = "wasm")]
const NURSERY_BYTES: usize = 256 << 10;

/// Blocks that have to be aligned to more are not for the nursery.
const ALIGN: usize = 16;

#[cfg(all(target_family = "wasm", not(target_feature = "atomics")))]
#[global_allocator]
static ALLOCATOR: Nursery<NURSERY_BYTES> = Nursery::new();

// SAFETY: without atomics WebAssembly has no threads, and the host refuses shared memory.
#[cfg(all(target_family = "wasm", not(target_feature = "atomics")))]
unsafe impl<const BYTES: usize> Sync for Nursery<BYTES> {}

/// Bytes that blocks are taken from, one behind the other.
///
/// Why a block is its owner's alone: every block lies in `0..used` of the arena, at its alignment, and a new one begins
/// at `used` or behind it ([`Marks::take`]). `used` goes back only to the beginning of the last block, when that is
/// given back, or to 0 when none is out ([`Marks::give_back`]). So no two blocks that are out overlap. A block belongs
/// to the nursery or to [`System`] by its address alone, which nothing changes but `realloc`, and that copies.
struct Nursery<const BYTES: usize> {
    arena: UnsafeCell<Arena<BYTES>>,
    marks: Cell<Marks>,
}

#[repr(align(16))]
struct Arena<const BYTES: usize>([u8; BYTES]);

/// How far an arena is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Marks {
    used: usize,
    /// Blocks that are out.
    live: usize,
}

impl Marks {
    const EMPTY: Self = Self { used: 0, live: 0 };

    /// Where a block goes that ends at `most` or before it.
    fn take(&mut self, size: usize, align: usize, most: usize) -> Option<usize> {
        let at = self.used.checked_next_multiple_of(align)?;
        let end = at.checked_add(size).filter(|&end| end <= most)?;
        *self = Self { used: end, live: self.live + 1 };
        Some(at)
    }

    /// Takes a block back. Its bytes are used again if it was the last, or if no block is out any more.
    fn give_back(&mut self, at: usize, size: usize) {
        self.live -= 1;
        if self.live == 0 {
            self.used = 0;
        } else if at + size == self.used {
            self.used = at;
        }
    }

    /// Whether a block has another size now, where it lies.
    fn resize(&mut self, at: usize, size: usize, new_size: usize, most: usize) -> bool {
        if at + size != self.used {
            return new_size <= size;
        }
        let end = at.checked_add(new_size).filter(|&end| end <= most);
        self.used = end.unwrap_or(self.used);
        end.is_some()
    }
}

impl<const BYTES: usize> Nursery<BYTES> {
    const fn new() -> Self {
        Self { arena: UnsafeCell::new(Arena([0; BYTES])), marks: Cell::new(Marks::EMPTY) }
    }

    fn begin(&self) -> *mut u8 {
        self.arena.get().cast()
    }

    /// Where in the arena a block begins, if it does.
    fn place(&self, block: *mut u8) -> Option<usize> {
        let at = block.addr().wrapping_sub(self.begin().addr());
        (at < BYTES).then_some(at)
    }

    /// A block of the arena, if it has room. `size` is not 0.
    fn take(&self, layout: Layout) -> Option<*mut u8> {
        let mut marks = self.marks.get();
        let at =
            if layout.align() > ALIGN { None } else { marks.take(layout.size(), layout.align(), BYTES) }?;
        self.marks.set(marks);
        // `at` is below `BYTES`: the block ends there at most, and is not empty.
        Some(self.begin().wrapping_add(at))
    }
}

// Not inlined: a plugin allocates in hundreds of places, and the compiler's time grows with the square of a function.
//
// SAFETY: blocks of the arena do not overlap (see `Nursery`), lie within it, and are aligned, since the arena is
// aligned to `ALIGN`, the offset to the layout's alignment, and that is a power of two of at most `ALIGN`. All others
// are `System`'s, which is asked with the very layout of the caller. Nothing here unwinds: the sums in `Marks` are of
// blocks inside of the arena, and `live` counts those that are out, so that it is not 0 where one is given back.
unsafe impl<const BYTES: usize> GlobalAlloc for Nursery<BYTES> {
    #[inline(never)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are `System`'s.
        self.take(layout).unwrap_or_else(|| unsafe { System.alloc(layout) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        match self.take(layout) {
            Some(block) => {
                // SAFETY: `take` gave a block of so many bytes that is nobody else's.
                unsafe { block.write_bytes(0, layout.size()) };
                block
            }
            // SAFETY: the caller's promises are `System`'s.
            None => unsafe { System.alloc_zeroed(layout) },
        }
    }

    #[inline(never)]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        match self.place(block) {
            Some(at) => {
                let mut marks = self.marks.get();
                marks.give_back(at, layout.size());
                self.marks.set(marks);
            }
            // SAFETY: a block outside of the arena came from `System`, with this layout.
            None => unsafe { System.dealloc(block, layout) },
        }
    }

    #[inline(never)]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let Some(at) = self.place(block) else {
            // SAFETY: a block outside of the arena came from `System`, with this layout.
            return unsafe { System.realloc(block, layout, new_size) };
        };
        let mut marks = self.marks.get();
        if marks.resize(at, layout.size(), new_size, BYTES) {
            self.marks.set(marks);
            return block;
        }
        // SAFETY: the caller promises that `new_size` fits a layout with this alignment and is not 0; the new block
        // is another than the old one, which is still out, and both have the bytes that are copied.
        unsafe {
            let new = self.alloc(Layout::from_size_align_unchecked(new_size, layout.align()));
            if !new.is_null() {
                new.copy_from_nonoverlapping(block, layout.size().min(new_size));
                self.dealloc(block, layout);
            }
            new
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BYTES: usize = 2048;

    /// What a plugin may do with memory.
    #[derive(Debug, Clone)]
    enum Act {
        Take { size: usize, align: usize, zeroed: bool },
        GiveBack { which: usize },
        Resize { which: usize, size: usize },
    }

    fn act() -> impl Strategy<Value = Act> {
        let size = prop_oneof![8 => 1usize..100, 1 => 1usize..3000];
        let align = (0u32..8).prop_map(|power| 1usize << power);
        prop_oneof![
            4 => (size.clone(), align, any::<bool>())
                .prop_map(|(size, align, zeroed)| Act::Take { size, align, zeroed }),
            3 => any::<usize>().prop_map(|which| Act::GiveBack { which }),
            2 => (any::<usize>(), size).prop_map(|(which, size)| Act::Resize { which, size }),
        ]
    }

    /// A block that is out, filled with one byte.
    struct Block {
        at: *mut u8,
        layout: Layout,
        filled: u8,
    }

    impl Block {
        fn bytes(&mut self) -> &mut [u8] {
            // SAFETY: the block is out, has so many bytes, and all of them were written.
            unsafe { std::slice::from_raw_parts_mut(self.at, self.layout.size()) }
        }
    }

    fn do_it(nursery: &Nursery<BYTES>, out: &mut Vec<Block>, act: &Act, filled: u8) {
        match *act {
            Act::Take { size, align, zeroed } => {
                let layout = Layout::from_size_align(size, align).unwrap();
                // SAFETY: no size is 0.
                let at = unsafe { if zeroed { nursery.alloc_zeroed(layout) } else { nursery.alloc(layout) } };
                assert!(!at.is_null() && at.addr() % align == 0);
                if zeroed {
                    let mut block = Block { at, layout, filled: 0 };
                    assert!(block.bytes().iter().all(|&byte| byte == 0));
                }
                // SAFETY: the block has so many bytes.
                unsafe { at.write_bytes(filled, size) };
                out.push(Block { at, layout, filled });
            }
            Act::GiveBack { which } if !out.is_empty() => {
                let block = out.swap_remove(which % out.len());
                // SAFETY: the block is out, with this layout.
                unsafe { nursery.dealloc(block.at, block.layout) };
            }
            Act::Resize { which, size } if !out.is_empty() => {
                let which = which % out.len();
                let Block { at, layout, filled } = out.swap_remove(which);
                // SAFETY: the block is out, with this layout; no size is 0.
                let at = unsafe { nursery.realloc(at, layout, size) };
                assert!(!at.is_null() && at.addr() % layout.align() == 0);
                let kept = size.min(layout.size());
                // SAFETY: the block has `size` bytes; the first of them were written before.
                unsafe {
                    assert!(std::slice::from_raw_parts(at, kept).iter().all(|&byte| byte == filled));
                    at.add(kept).write_bytes(filled, size - kept);
                }
                out.push(Block {
                    at,
                    layout: Layout::from_size_align(size, layout.align()).unwrap(),
                    filled,
                });
            }
            _ => {}
        }
    }

    proptest! {
        #[test]
        fn what_is_written_into_a_block_stays_there_until_it_is_given_back(
            acts in prop::collection::vec(act(), 0..200),
        ) {
            let nursery = Box::new(Nursery::<BYTES>::new());
            let mut out = Vec::new();
            for (act, filled) in acts.iter().zip((1u8..=255).cycle()) {
                do_it(&nursery, &mut out, act, filled);
                for block in &mut out {
                    let filled = block.filled;
                    prop_assert!(block.bytes().iter().all(|&byte| byte == filled));
                }
                let inside = out.iter().filter(|block| nursery.place(block.at).is_some()).count();
                prop_assert_eq!(nursery.marks.get().live, inside);
            }
            while !out.is_empty() {
                do_it(&nursery, &mut out, &Act::GiveBack { which: 0 }, 0);
            }
            prop_assert_eq!(nursery.marks.get(), Marks::EMPTY);
        }
    }

    #[test]
    fn the_last_block_grows_where_it_lies_and_others_move() {
        let mut marks = Marks::EMPTY;
        assert_eq!((marks.take(10, 1, 64), marks.take(10, 8, 64)), (Some(0), Some(16)));
        assert!(marks.resize(16, 10, 48, 64) && !marks.resize(16, 48, 49, 64), "{marks:?}");
        assert!(marks.resize(0, 10, 4, 64) && !marks.resize(0, 4, 5, 64));
        assert_eq!(marks.take(1, 1, 64), None);
        marks.give_back(16, 48);
        assert_eq!(marks, Marks { used: 16, live: 1 });
        marks.give_back(0, 4);
        assert_eq!(marks, Marks::EMPTY);
    }

    #[test]
    fn what_does_not_fit_is_the_standard_allocators() {
        let nursery = Box::new(Nursery::<BYTES>::new());
        for (size, align, inside) in [(BYTES, 1, true), (BYTES + 1, 1, false), (8, 32, false)] {
            let layout = Layout::from_size_align(size, align).unwrap();
            // SAFETY: no size is 0, and the block is given back with its layout.
            unsafe {
                let block = nursery.alloc(layout);
                assert_eq!(nursery.place(block).is_some(), inside, "{size} {align}");
                nursery.dealloc(block, layout);
            }
        }
    }
}
