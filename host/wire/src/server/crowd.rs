//! Who is connected, and who of them was ever served.
//!
//! Strangers cannot fill every place: a share is kept for addresses from which a validator's request was taken not
//! long ago, and a connection on which none was taken yet lives short. A request that was sent a second time, or by
//! somebody without a permit, makes nobody known.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hyper::Request;

use crate::limits::WireLimits;

/// How long an address is known after the last request that was taken from it.
const KNOWN_FOR: Duration = Duration::from_secs(3600);
/// Known addresses at once; whoever was served longest ago is forgotten first.
const MOST_KNOWN: usize = 4096;

/// Who is connected.
#[derive(Debug, Default)]
pub(super) struct Crowd(Mutex<Inside>);

#[derive(Debug, Default)]
struct Inside {
    all: usize,
    of_one: HashMap<Home, usize>,
    known: HashMap<Home, Instant>,
}

/// Addresses that are one's own to choose from: an IPv4 address, or 64 bits of an IPv6 one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Home(IpAddr);

impl Home {
    fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(v6) => Self(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into()),
            v4 => Self(v4),
        }
    }
}

/// One connection's place; leaving gives it back.
pub(super) struct Place(Guest);

/// Who sits there, as its requests know it.
#[derive(Debug, Clone)]
pub(super) struct Guest {
    crowd: Arc<Crowd>,
    from: Home,
    served: Arc<AtomicBool>,
}

impl Crowd {
    pub(super) fn enter(self: &Arc<Self>, from: IpAddr, limits: &WireLimits, now: Instant) -> Option<Place> {
        let from = Home::of(from);
        let mut inside = self.inside();
        let kept = if inside.knows(from, now) { 0 } else { limits.connections_kept() };
        let here = inside.of_one.get(&from).copied().unwrap_or(0);
        if inside.all >= limits.connections.saturating_sub(kept) || here >= limits.connections_per_address {
            return None;
        }
        inside.all += 1;
        inside.of_one.insert(from, here + 1);
        Some(Place(Guest { crowd: Arc::clone(self), from, served: Arc::default() }))
    }

    fn remember(&self, home: Home, now: Instant) {
        let mut inside = self.inside();
        if inside.known.len() >= MOST_KNOWN && !inside.known.contains_key(&home) {
            inside.known.retain(|_, last| now.saturating_duration_since(*last) < KNOWN_FOR);
            let first = inside.known.iter().min_by_key(|(_, last)| **last).map(|(first, _)| *first);
            if let Some(first) = first.filter(|_| inside.known.len() >= MOST_KNOWN) {
                inside.known.remove(&first);
            }
        }
        inside.known.insert(home, now);
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inside {
    fn knows(&self, home: Home, now: Instant) -> bool {
        self.known.get(&home).is_some_and(|&last| now.saturating_duration_since(last) < KNOWN_FOR)
    }
}

impl Place {
    pub(super) fn guest(&self) -> Guest {
        self.0.clone()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut inside = self.0.crowd.inside();
        inside.all = inside.all.saturating_sub(1);
        if let Some(here) = inside.of_one.get_mut(&self.0.from) {
            *here = here.saturating_sub(1);
            if *here == 0 {
                inside.of_one.remove(&self.0.from);
            }
        }
    }
}

impl Guest {
    /// On the connection that `request` came by; nobody where there is no server below.
    pub(super) fn of<B>(request: &Request<B>) -> Option<Self> {
        request.extensions().get::<Self>().cloned()
    }

    /// A request of this connection was taken.
    pub(super) fn was_served(&self, now: Instant) {
        self.served.store(true, Ordering::SeqCst);
        self.crowd.remember(self.from, now);
    }

    /// Where it comes from; nothing where others who come from there were served not long ago.
    pub(super) fn home_of_stranger(&self, now: Instant) -> Option<Home> {
        (!self.crowd.inside().knows(self.from, now)).then_some(self.from)
    }

    /// Whether one ever was.
    pub(super) fn is_known(&self) -> bool {
        self.served.load(Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn addresses_that_one_host_may_choose_from_count_as_one() {
        let same = |a: &str, b: &str| Home::of(address(a)) == Home::of(address(b));
        assert!(same("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff"));
        assert!(!same("2001:db8:1:2::1", "2001:db8:1:3::1"));
        assert!(same("::ffff:192.0.2.1", "192.0.2.1"));
        assert!(!same("192.0.2.1", "192.0.2.2") && !same("::ffff:192.0.2.1", "::ffff:192.0.2.2"));
    }

    #[test]
    fn a_share_of_the_places_is_for_addresses_that_were_served_within_the_hour() {
        let limits = WireLimits {
            connections: 8,
            connections_per_address: 8,
            connections_kept_percent: 25,
            ..WireLimits::default()
        };
        let (crowd, start) = (Arc::new(Crowd::default()), Instant::now());
        let enter = |from: &str, now| crowd.enter(address(from), &limits, now);
        enter("2001:db8::1", start).unwrap().guest().was_served(start);
        let strangers: Vec<_> = (1..=8).map_while(|n| enter(&format!("192.0.2.{n}"), start)).collect();
        assert_eq!(strangers.len(), 6);
        // The next in its 64 bits is the same one.
        let known: Vec<_> = (2..=8).map_while(|n| enter(&format!("2001:db8::{n}"), start)).collect();
        assert_eq!(known.len(), 2);
        drop(known);
        assert!(enter("2001:db8::1", start + KNOWN_FOR - Duration::from_secs(1)).is_some());
        assert!(enter("2001:db8::1", start + KNOWN_FOR).is_none(), "long ago");
        drop(strangers);
        let inside = crowd.inside();
        assert_eq!((inside.all, inside.of_one.len()), (0, 0));
    }

    #[test]
    fn no_more_addresses_are_known_than_their_cap_and_the_last_served_stay() {
        let (crowd, start) = (Crowd::default(), Instant::now());
        let home = |n: u32| Home::of(IpAddr::from(n.to_be_bytes()));
        for n in 0..5000 {
            crowd.remember(home(n), start + Duration::from_millis(n.into()));
        }
        let inside = crowd.inside();
        assert_eq!(inside.known.len(), MOST_KNOWN);
        assert!(inside.known.contains_key(&home(4999)) && !inside.known.contains_key(&home(0)));
    }
}
