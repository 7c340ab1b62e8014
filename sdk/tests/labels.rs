//! The native twins of labels and scans against other programs' numbers.

use plimsoll_sdk::doubles::{MemoryPlot, MemoryRegion};
use plimsoll_sdk::labels::{Label, LabelCost, ScryptForm, labels_of};
use plimsoll_sdk::scan::{Hit, ScanKind, Selection, scan_score};
use plimsoll_sdk::{Extent, Plot, Region, Span};

const KEY: [u8; 32] = *b"a key of thirty-two bytes, it is";

const fn spacemesh(n: u32) -> LabelCost {
    LabelCost::Scrypt { form: ScryptForm::Spacemesh, n, r: 1, p: 1 }
}

#[test]
fn labels_are_those_of_other_implementations() {
    // Spacemesh's own initialiser, node 0x11.. and ATX 0x22.., n = 2.
    let commitment = "613ffd10c1c6183a5b3222a5f2bae3395b1bc8afb75f50eeb4f6fc620a25a3ca";
    let key: [u8; 32] = hex::decode(commitment).unwrap().try_into().unwrap();
    let labels = labels_of(&spacemesh(2), &key, 16, &[0, 1]).unwrap();
    assert_eq!(hex::encode(labels), "d75eb198c641f6537607f9dba592c39b4be73ff8325813a26bfc7e2ea0b5ee9a");
    // The form of RFC 7914 by Python's hashlib.scrypt; argon2id by the host's kernel.
    let rfc = LabelCost::Scrypt { form: ScryptForm::Rfc7914, n: 16, r: 2, p: 3 };
    let label = labels_of(&rfc, &KEY, 32, &[9]).unwrap();
    assert_eq!(hex::encode(label), "79c183c3262dcc368de890600e64a35041db730aff39eb7c3a4f8eb52af6c72a");
    let argon = LabelCost::Argon2id { memory_kib: 64, passes: 1, lanes: 1 };
    assert_eq!(hex::encode(labels_of(&argon, &KEY, 16, &[1]).unwrap()), "578746685cedc3091e2961696957868f");
}

#[test]
fn a_plot_of_labels_holds_them_in_order_and_tells_the_smallest() {
    let plot = MemoryPlot::new(10 * 7).unwrap();
    let span = Span { first: 2, count: 5 };
    let smallest = plot.fill_labels(&spacemesh(2), &KEY, 7, span, true).unwrap();
    let whole = labels_of(&spacemesh(2), &KEY, 32, &[2, 3, 4, 5, 6]).unwrap();
    let known = (2..).zip(whole.chunks(32)).min_by_key(|(_, bytes)| bytes.to_vec()).unwrap();
    assert_eq!(smallest, Some(Label { index: known.0, bytes: known.1.try_into().unwrap() }));
    assert_eq!(plot.fill_labels(&spacemesh(2), &KEY, 7, span, false), Ok(None));
    let bytes = plot.finish().bytes;
    assert_eq!((&bytes[..14], &bytes[49..]), (&[0; 14][..], &[0; 21][..]));
    let held: Vec<u8> = whole.chunks(32).flat_map(|label| label[..7].to_vec()).collect();
    assert_eq!(&bytes[14..49], held);
}

#[test]
fn costs_and_sizes_that_the_host_refuses_are_refused_here() {
    let refusal = |cost: LabelCost, bytes| labels_of(&cost, &KEY, bytes, &[0]).unwrap_err().to_string();
    assert!(refusal(spacemesh(3), 16).contains("`n` must be a power of two, 2 or more, not 3"));
    assert!(refusal(spacemesh(1 << 16), 16).contains("below 65536 where `r` is 1"));
    assert!(
        refusal(LabelCost::Scrypt { form: ScryptForm::Rfc7914, n: 2, r: 0, p: 1 }, 16).contains("1 or more")
    );
    assert!(
        refusal(LabelCost::Scrypt { form: ScryptForm::Rfc7914, n: 2, r: 512, p: 512 }, 16).contains("131072")
    );
    assert!(
        refusal(LabelCost::Scrypt { form: ScryptForm::Rfc7914, n: 1 << 22, r: 8, p: 1 }, 16)
            .contains("of memory")
    );
    assert!(refusal(LabelCost::Argon2id { memory_kib: 7, passes: 1, lanes: 1 }, 16).contains("8 KiB a lane"));
    for bytes in [0, 33] {
        assert!(refusal(spacemesh(2), bytes).contains("of 1 to 32 bytes"));
    }
    let plot = MemoryPlot::new(100).unwrap();
    assert!(plot.fill_labels(&spacemesh(2), &KEY, 16, Span { first: 6, count: 1 }, false).is_err());
    assert!(plot.fill_labels(&spacemesh(2), &KEY, 40, Span { first: 0, count: 1 }, false).is_err());
}

#[test]
fn a_scan_selects_by_scores() {
    let region = MemoryRegion::new((0..=255).collect());
    let over = Extent { offset: 16, len: 240 };
    let keys = [KEY, [7; 32]];
    for kind in [ScanKind::Aes128, ScanKind::Blake3] {
        let scan = |selection| region.scan_select(kind, &keys, 16, over, selection).unwrap();
        let least = scan(Selection::Least { count: 30 });
        assert_eq!(least.len(), 30);
        assert!(least.is_sorted());
        for &Hit { score, record, key } in &least {
            let record = &region.bytes[16 + 16 * record as usize..][..16];
            assert_eq!(scan_score(kind, &keys[key as usize], record), Ok(score));
        }
        let threshold = least[4].score;
        let mut below = least[..4].to_vec();
        below.sort_by_key(|hit| (hit.record, hit.key));
        assert_eq!(scan(Selection::Below { threshold, limit: 9 }), below);
        below.truncate(2);
        assert_eq!(scan(Selection::Below { threshold, limit: 2 }), below);
    }
    // AES-128 of a zero block under a zero key: the well-known GCM hash key.
    assert_eq!(scan_score(ScanKind::Aes128, &[0; 32], &[0; 16]), Ok(0x3b2c_8aef_d44b_e966));
    assert!(scan_score(ScanKind::Aes128, &KEY, &[0; 15]).is_err());
    assert!(scan_score(ScanKind::Blake3, &KEY, &[]).is_err());
    assert!(region.scan_select(ScanKind::Aes128, &[], 16, over, Selection::Least { count: 1 }).is_err());
    assert!(region.scan_select(ScanKind::Aes128, &keys, 16, over, Selection::Least { count: 0 }).is_err());
    let odd = Extent { offset: 0, len: 17 };
    assert!(region.scan_select(ScanKind::Aes128, &keys, 16, odd, Selection::Least { count: 1 }).is_err());
}
