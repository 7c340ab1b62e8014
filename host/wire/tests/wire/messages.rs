//! The messages' bytes, frozen, and what is refused of them.

use crate::loopback::{audit_request, miner, registration, validator};
use plimsoll_core::{BlockNumber, Digest, Epoch, Hotkey, Identity, NetUid};
use plimsoll_wire::{
    AuditRequest, MessageError, Registration, RegistrationRequest, RegistrationSet, SetCommitment,
};
use proptest::prelude::*;

fn fixed() -> Registration {
    Registration {
        identity: Identity {
            netuid: NetUid(0x0102),
            owner: Hotkey([0x11; 32]),
            validator: Hotkey([0x22; 32]),
        },
        scheme: "stream".into(),
        plugin: Digest([0x33; 32]),
        params: Digest([0x44; 32]),
        unit_bytes: 0x0001_0000,
        units: 5,
        region_bytes: 0x0005_0000,
        commitment: Some(Digest([0x55; 32])),
    }
}

#[test]
fn the_encoding_of_a_registration_never_changes() {
    let expected = [
        hex::encode("PLMSREG1"),
        "0201".into(),
        "11".repeat(32),
        "22".repeat(32),
        format!("06{}", hex::encode("stream")),
        "33".repeat(32),
        "44".repeat(32),
        "00000100".into(),
        "0500000000000000".into(),
        "0000050000000000".into(),
        format!("01{}", "55".repeat(32)),
    ]
    .concat();
    assert_eq!(hex::encode(fixed().to_bytes()), expected);
    assert_eq!(fixed().digest().to_string(), REGISTRATION_DIGEST);
    let uncommitted = Registration { commitment: None, ..fixed() };
    assert_eq!(hex::encode(uncommitted.to_bytes()), format!("{}00", &expected[..expected.len() - 66]));
}

const REGISTRATION_DIGEST: &str = "2c14418fc2b850d75004b83d48a98b7ed16711df6add3e0e0ae78ff1c05eb90b";
const SET_ROOT: &str = "aca054db3b8ac7d3027f9127cce81f22bebbbd1eec4f5b56bf3029b9eaf9fd79";

#[test]
fn the_root_of_a_set_never_changes_and_its_chain_text_fits() {
    let set = RegistrationSet::new(fixed(), [Digest([0xFF; 32]), Digest([0; 32]), fixed().digest()]);
    assert_eq!(set.digests.len(), 3);
    let bytes: Vec<u8> =
        [b"PLMSSET1\x03\0\0\0".to_vec(), set.digests.iter().flat_map(|d| d.0).collect()].concat();
    assert_eq!(set.root(), Digest::of(&bytes));
    assert_eq!(set.root().to_string(), SET_ROOT);
    let text = SetCommitment { root: set.root() }.to_string();
    assert_eq!(text, format!("plimsoll:1:{SET_ROOT}"));
    assert!(text.len() <= 128);
    assert_eq!(text.parse(), Ok(SetCommitment { root: set.root() }));
}

#[test]
fn a_chain_text_that_is_not_exactly_ours_is_refused() {
    let root = "ab".repeat(32);
    for text in [
        String::new(),
        root.clone(),
        format!("plimsoll:2:{root}"),
        format!("plimsoll:1:0x{root}"),
        format!("plimsoll:1:{}", root.to_uppercase()),
        format!("plimsoll:1:{root} "),
        format!("plimsoll:1:{}", &root[1..]),
        "user/dataset:17:3fa9".into(),
    ] {
        let why = text.parse::<SetCommitment>().unwrap_err().to_string();
        let expected = "chain commitment: expected plimsoll:1: and 64 lower-case hex digits, found ";
        assert!(why.starts_with(expected), "{why}");
    }
}

#[test]
fn the_json_of_every_message_never_changes() {
    let request = AuditRequest {
        netuid: NetUid(3),
        epoch: Epoch(7),
        block: BlockNumber(700),
        registration: Digest([0xAB; 32]),
        challenge: vec![0, 1, 0xFE],
        deadline_ms: 2500,
    };
    let expected = format!(
        r#"{{"netuid":3,"epoch":7,"block":700,"registration":"{}","challenge":"0001fe","deadline_ms":2500}}"#,
        "ab".repeat(32)
    );
    assert_eq!(String::from_utf8(request.to_bytes()).unwrap(), expected);
    assert_eq!(AuditRequest::from_bytes(expected.as_bytes()), Ok(request));
    assert_eq!(RegistrationRequest { netuid: NetUid(3) }.to_bytes(), br#"{"netuid":3}"#);
    let set = RegistrationSet::new(fixed(), []);
    let expected = format!(
        concat!(
            r#"{{"own":{{"identity":{{"netuid":258,"owner":"{}","validator":"{}"}},"scheme":"stream","#,
            r#""plugin":"{}","params":"{}","unit_bytes":65536,"units":5,"region_bytes":327680,"#,
            r#""commitment":"{}"}},"digests":["{}"]}}"#
        ),
        Hotkey([0x11; 32]),
        Hotkey([0x22; 32]),
        "33".repeat(32),
        "44".repeat(32),
        "55".repeat(32),
        REGISTRATION_DIGEST
    );
    assert_eq!(String::from_utf8(set.to_bytes()).unwrap(), expected);
}

#[test]
fn an_audit_request_in_other_bytes_is_refused_though_it_says_the_same() {
    let bytes = audit_request(&miner(), b"abc").to_bytes();
    let text = String::from_utf8(bytes).unwrap();
    let spaced = text.replace("\"epoch\":", "\"epoch\": ");
    assert_eq!(
        AuditRequest::from_bytes(spaced.as_bytes()).unwrap_err().to_string(),
        "the audit request is not in the canonical form: fields in order, no blanks"
    );
    let loud = text.replace("616263", "6162AB");
    assert!(matches!(AuditRequest::from_bytes(loud.as_bytes()), Err(MessageError::Malformed { .. })));
    let more = text.replace("\"epoch\"", "\"role\":\"admin\",\"epoch\"");
    assert!(matches!(AuditRequest::from_bytes(more.as_bytes()), Err(MessageError::Malformed { .. })));
}

#[test]
fn a_challenge_at_the_cap_passes_and_one_byte_more_does_not() {
    let mut request = audit_request(&miner(), &[7; 64 * 1024]);
    assert_eq!(AuditRequest::from_bytes(&request.to_bytes()), Ok(request.clone()));
    assert!(request.to_bytes().len() <= plimsoll_wire::limits::MAX_REQUEST_BYTES);
    request.challenge.push(7);
    let why = AuditRequest::from_bytes(&request.to_bytes()).unwrap_err().to_string();
    assert_eq!(why, "challenge: expected at most 65536 bytes, found 65537");
}

#[test]
fn a_set_that_makes_no_sense_is_refused_with_the_field() {
    let good = RegistrationSet::new(registration(&miner(), validator().hotkey()), [Digest([1; 32])]);
    assert_eq!(RegistrationSet::from_bytes(&good.to_bytes()), Ok(good.clone()));
    let refused = |change: &dyn Fn(&mut RegistrationSet)| {
        let mut bad = good.clone();
        change(&mut bad);
        RegistrationSet::from_bytes(&bad.to_bytes()).unwrap_err().to_string()
    };
    let own = good.own.digest();
    assert_eq!(
        refused(&|s| s.digests = vec![Digest([1; 32])]),
        format!("digests: expected the own registration {own} among them, found none such")
    );
    assert_eq!(refused(&|s| s.own.units = 0), "units: expected 1 or more, found 0");
    assert_eq!(refused(&|s| s.own.unit_bytes = 0), "unit_bytes: expected 1 or more, found 0");
    assert_eq!(
        refused(&|s| s.own.units = 17),
        "region_bytes: expected at least 17 units of 65536 bytes, found 1048576"
    );
    assert_eq!(
        refused(&|s| s.own.units = u64::MAX),
        "region_bytes: expected at least 18446744073709551615 units of 65536 bytes, found 1048576"
    );
    assert_eq!(
        refused(&|s| s.own.scheme = "a\nb".into()),
        "scheme: expected 1 to 64 visible ASCII characters, found a\\nb"
    );
    assert_eq!(
        refused(&|s| s.digests.reverse()),
        "digests: expected ascending order, no two alike, found another order"
    );
    let many = |s: &mut RegistrationSet| {
        s.digests = (0..513u32).map(|n| Digest::of(&n.to_le_bytes())).collect();
    };
    assert_eq!(refused(&many), "digests: expected at most 512, found 513");
}

#[test]
fn the_largest_set_fits_its_cap_on_the_wire() {
    let all = (0..511u32).map(|n| Digest::of(&n.to_le_bytes()));
    let own = Registration { scheme: "x".repeat(64), ..registration(&miner(), validator().hotkey()) };
    let set = RegistrationSet::new(own, all);
    assert_eq!((set.digests.len(), set.check()), (512, Ok(())));
    assert!(set.to_bytes().len() <= plimsoll_wire::limits::MAX_SET_BYTES);
}

fn registrations() -> impl Strategy<Value = Registration> {
    let keys = (any::<u16>(), any::<[u8; 32]>(), any::<[u8; 32]>());
    let words = ("[!-~]{1,64}", any::<[u8; 32]>(), any::<[u8; 32]>(), any::<Option<[u8; 32]>>());
    (keys, words, any::<u32>(), any::<u64>(), any::<u64>()).prop_map(
        |(
            (netuid, owner, validator),
            (scheme, plugin, params, commitment),
            unit_bytes,
            units,
            region_bytes,
        )| {
            Registration {
                identity: Identity {
                    netuid: NetUid(netuid),
                    owner: Hotkey(owner),
                    validator: Hotkey(validator),
                },
                scheme,
                plugin: Digest(plugin),
                params: Digest(params),
                unit_bytes,
                units,
                region_bytes,
                commitment: commitment.map(Digest),
            }
        },
    )
}

proptest! {
    #[test]
    fn a_registration_survives_its_encoding_and_any_cut_or_addition_is_found(
        registration in registrations(), at in any::<prop::sample::Index>(),
    ) {
        let bytes = registration.to_bytes();
        prop_assert_eq!(Registration::from_bytes(&bytes), Ok(registration.clone()));
        prop_assert!(Registration::from_bytes(&bytes[..at.index(bytes.len())]).is_err());
        prop_assert!(Registration::from_bytes(&[&bytes[..], &[0]].concat()).is_err());
        let mut flipped = bytes;
        let i = at.index(flipped.len());
        flipped[i] ^= 1;
        if let Ok(other) = Registration::from_bytes(&flipped) {
            prop_assert_ne!(other.digest(), registration.digest());
        }
    }

    #[test]
    fn any_bytes_at_all_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = Registration::from_bytes(&bytes);
        let _ = RegistrationSet::from_bytes(&bytes);
        let _ = AuditRequest::from_bytes(&bytes);
        let _ = RegistrationRequest::from_bytes(&bytes);
    }

    #[test]
    fn the_root_does_not_depend_on_the_order(digests in proptest::collection::vec(any::<[u8; 32]>(), 0..20)) {
        let mut digests: Vec<Digest> = digests.into_iter().map(Digest).collect();
        let root = RegistrationSet::root_of(&digests);
        digests.reverse();
        prop_assert_eq!(RegistrationSet::root_of(&digests), root);
    }
}
