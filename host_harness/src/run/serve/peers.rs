//! The connections, and which of them is let go when there are too many.
//!
//! A peer that is slow or silent costs itself only: when others need its place, the one that has kept the hop waiting
//! for longest loses its connection. Whoever loses it has had no answer, and sends again.
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// The number of connections from which on silent ones are closed to make room for new ones.
pub(super) const CONNECTIONS: usize = 512;
/// The most further connections while all of those have a request. They get /healthz and /metrics, and their batches
/// are answered with 503.
pub(super) const RESERVE: usize = 64;
/// The bytes that a peer has to give or take within [`SLOW`], when others wait for its place.
const PACE: usize = 64 << 10;
/// The time that a peer may stay below the pace while others wait for its place.
pub(super) const SLOW: Duration = Duration::from_secs(2);

/// Which end a connection waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The peer, for a request.
    Silent,
    /// Ours: the request waits for its turn, is worked on, or is with the downstream.
    Working,
    /// The peer, which sends a body or takes an answer.
    Exchanging,
}

/// One connection.
#[derive(Debug)]
pub(super) struct Peer {
    progress: Mutex<Progress>,
    let_go: Notify,
    reserve: bool,
}

#[derive(Debug)]
struct Progress {
    stage: Stage,
    /// When the stage began, or the pace was last kept.
    since: Instant,
    /// The bytes since then.
    bytes: usize,
    /// True if there was a request.
    heard: bool,
    /// The batches that are not done.
    batches: usize,
}

impl Peer {
    pub(super) fn new(reserve: bool) -> Arc<Self> {
        let progress =
            Progress { stage: Stage::Silent, since: Instant::now(), bytes: 0, heard: false, batches: 0 };
        Arc::new(Self { progress: Mutex::new(progress), let_go: Notify::new(), reserve })
    }

    /// Returns whether it came when all ordinary connections had a request.
    pub(super) const fn is_reserve(&self) -> bool {
        self.reserve
    }

    /// A request's head has come.
    pub(super) fn hear(&self) {
        let mut progress = self.progress();
        progress.heard = true;
        progress.since = Instant::now();
    }

    /// Returns whether a request's head ever came.
    pub(super) fn was_heard(&self) -> bool {
        self.progress().heard
    }

    /// Begins a batch; it ends with the guard.
    pub(super) fn begin(self: &Arc<Self>) -> Busy {
        self.progress().batches += 1;
        self.enter(Stage::Working);
        Busy(Arc::clone(self))
    }

    /// Bytes have come from the peer, or were taken by it.
    pub(super) fn step(&self, bytes: usize) {
        let mut progress = self.progress();
        progress.bytes = progress.bytes.saturating_add(bytes);
        if progress.bytes >= PACE {
            progress.bytes = 0;
            progress.since = Instant::now();
        }
    }

    /// Waits until this connection is to be closed for the sake of others.
    pub(super) async fn let_go(&self) {
        self.let_go.notified().await;
    }

    fn enter(&self, stage: Stage) {
        let mut progress = self.progress();
        progress.stage = stage;
        progress.since = Instant::now();
        progress.bytes = 0;
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        // Each change above is whole.
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A batch on a connection, from its head until its answer is taken.
#[derive(Debug)]
pub(super) struct Busy(Arc<Peer>);

impl Busy {
    /// The connection waits for its peer: for a body, or for it to take an answer.
    pub(super) fn wait_for_peer(&self) {
        self.0.enter(Stage::Exchanging);
    }

    /// It waits for us.
    pub(super) fn work(&self) {
        self.0.enter(Stage::Working);
    }

    /// Bytes of the body have come.
    pub(super) fn step(&self, bytes: usize) {
        self.0.step(bytes);
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let batches = {
            let mut progress = self.0.progress();
            progress.batches = progress.batches.saturating_sub(1);
            progress.batches
        };
        // The next request may have come before the last byte of the answer before was let go.
        if batches == 0 {
            self.0.enter(Stage::Silent);
        }
    }
}

/// All connections.
#[derive(Debug, Default)]
pub(super) struct Peers(Mutex<Register>);

#[derive(Debug, Default)]
struct Register {
    next: u64,
    peers: BTreeMap<u64, Arc<Peer>>,
    /// Connections that were let go, by reason.
    closed: BTreeMap<&'static str, u64>,
}

/// The place of a connection, which is free when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    peers: Arc<Peers>,
    number: u64,
    pub(super) peer: Arc<Peer>,
}

impl Peers {
    /// Gives a new connection a place. Where there is none, the connection that has been silent for longest is let
    /// go; where none is silent, the new one gets a place of the reserve. When that is full too, it gets the place of
    /// the one there that has been silent for longest, or nothing.
    pub(super) fn admit(self: &Arc<Self>) -> Option<Place> {
        let mut register = self.register();
        if register.peers.len() >= CONNECTIONS {
            register.let_go("idle", Duration::ZERO, |peer, stage| stage == Stage::Silent && !peer.reserve);
        }
        if register.peers.len() >= CONNECTIONS + RESERVE {
            register.let_go("idle", Duration::ZERO, |_, stage| stage == Stage::Silent);
        }
        if register.peers.len() >= CONNECTIONS + RESERVE {
            *register.closed.entry("full").or_default() += 1;
            return None;
        }
        let reserve = register.peers.len() >= CONNECTIONS;
        let number = register.next;
        register.next += 1;
        let peer = Peer::new(reserve);
        register.peers.insert(number, Arc::clone(&peer));
        Some(Place { peers: Arc::clone(self), number, peer })
    }

    /// Lets the slowest peer go that a request waits for. Returns false when none is slow.
    pub(super) fn let_slowest_go(&self) -> bool {
        self.register().let_go("slow", SLOW, |_, stage| stage == Stage::Exchanging)
    }

    /// Counts a connection that was closed.
    pub(super) fn count_closed(&self, reason: &'static str) {
        *self.register().closed.entry(reason).or_default() += 1;
    }

    /// Returns how many connections there are.
    pub(super) fn len(&self) -> usize {
        self.register().peers.len()
    }

    /// Returns how many connections were let go, by reason.
    pub(super) fn closed(&self) -> BTreeMap<&'static str, u64> {
        self.register().closed.clone()
    }

    fn register(&self) -> MutexGuard<'_, Register> {
        // Each change is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Register {
    /// Of the connections that qualify, lets the one go that has been at its stage for longest, at least for so long.
    fn let_go(
        &mut self,
        reason: &'static str,
        at_least: Duration,
        qualifies: impl Fn(&Peer, Stage) -> bool,
    ) -> bool {
        let longest = self
            .peers
            .iter()
            .filter_map(|(number, peer)| {
                let progress = peer.progress();
                qualifies(peer, progress.stage).then_some((progress.since, *number))
            })
            .min();
        let longest = longest.filter(|(since, _)| since.elapsed() >= at_least);
        let Some(peer) = longest.and_then(|(_, number)| self.peers.remove(&number)) else { return false };
        peer.let_go.notify_one();
        *self.closed.entry(reason).or_default() += 1;
        true
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.peers.register().peers.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_connection_takes_the_place_of_the_one_that_has_been_silent_for_longest() {
        let peers = Arc::new(Peers::default());
        let places: Vec<Place> = (0..CONNECTIONS).map(|_| peers.admit().unwrap()).collect();
        let busy: Vec<Busy> = places[..2].iter().map(|place| place.peer.begin()).collect();
        places[2].peer.hear();
        let new = peers.admit().unwrap();
        assert!(!new.peer.is_reserve());
        let kept = |number: u64| peers.register().peers.contains_key(&number);
        assert!(kept(0) && kept(1) && kept(2) && !kept(3), "the first two work, the third was heard");
        assert_eq!((peers.len(), peers.closed()["idle"]), (CONNECTIONS, 1));
        drop((busy, places, new));
        assert_eq!(peers.len(), 0);
    }

    #[test]
    fn when_nobody_is_silent_there_is_a_reserve_for_those_who_ask_how_it_goes() {
        let peers = Arc::new(Peers::default());
        let places: Vec<Place> = (0..CONNECTIONS).map(|_| peers.admit().unwrap()).collect();
        let busy: Vec<Busy> = places.iter().map(|place| place.peer.begin()).collect();
        let mut reserve: Vec<Place> = (0..RESERVE).map(|_| peers.admit().unwrap()).collect();
        assert_eq!(peers.len(), CONNECTIONS + RESERVE);
        // Those in the reserve are silent, and make room for each other.
        reserve.push(peers.admit().unwrap());
        assert_eq!(peers.len(), CONNECTIONS + RESERVE);
        assert!(reserve.iter().all(|place| place.peer.is_reserve()));
        let all_busy: Vec<Busy> = reserve.iter().map(|place| place.peer.begin()).collect();
        assert!(peers.admit().is_none(), "nothing is left");
        assert_eq!(peers.closed()["full"], 1);
        drop((all_busy, busy));
    }

    #[test]
    fn only_who_keeps_others_waiting_is_slow() {
        let peers = Arc::new(Peers::default());
        let place = peers.admit().unwrap();
        let busy = place.peer.begin();
        let long_ago = Instant::now().checked_sub(SLOW * 2).unwrap();
        place.peer.progress().since = long_ago;
        assert!(!peers.let_slowest_go(), "it works");
        busy.wait_for_peer();
        assert!(!peers.let_slowest_go(), "it has just begun");
        place.peer.progress().since = long_ago;
        busy.step(PACE);
        assert!(!peers.let_slowest_go(), "it keeps the pace");
        place.peer.progress().since = long_ago;
        busy.step(PACE - 1);
        assert!(peers.let_slowest_go(), "it does not");
        assert_eq!((peers.len(), peers.closed()["slow"]), (0, 1));
    }
}
