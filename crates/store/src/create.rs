//! Making a store, once, in a directory that has none.

use std::io;
use std::path::Path;
use std::sync::Arc;

use domain::fact::{CommandName, Event};
use domain::time::Timestamp;
use parking_lot::RwLock;

use crate::ahead::KeysAhead;
use crate::checkpoint::LastSigned;
use crate::clock::Clock;
use crate::erasures::Erasures;
use crate::error::StoreError;
use crate::follow::{self, Follower};
use crate::identity::{self, Found, Identity};
use crate::journal::Journal;
use crate::journal::disk::Disk;
use crate::keyring::{self, Keyring, MasterKey};
use crate::open::{
    FORMAT, JOURNAL, MASTER_KEY, Opened, Options, SLED, Store, damaged_identity, lock,
    refuse_more_than_a_first_start, whose,
};
use crate::proof::Nodes;
use crate::turn::{Signature, Writer};

/// Makes a store in a directory that has none: keys, journal, the first facts; calls `show` when
/// these are durable, and only then says that the store was begun.
///
/// What an earlier first start left half done is replaced, but for its master key.
pub fn create(
    options: &Options,
    (events, at): (Vec<Event>, Timestamp),
    show: impl FnOnce() -> io::Result<()>,
) -> Result<(), StoreError> {
    let Options { disk, dir, sources, .. } = options;
    disk.create_dir(dir)?;
    let parent = dir.parent().filter(|parent| !parent.as_os_str().is_empty());
    disk.sync_dir(parent.unwrap_or(Path::new(".")))?;
    // Asked before as well: "there is one already" says more than "it is in use".
    refuse_a_second_store(disk.as_ref(), dir)?;
    let lock = lock(disk.as_ref(), dir)?;
    refuse_a_second_store(disk.as_ref(), dir)?;
    begin_anew(disk.as_ref(), dir)?;
    let key_path = dir.join(MASTER_KEY);
    let master = MasterKey::load_or_create(disk.as_ref(), &key_path, sources.fill.as_ref())?;
    let identity = Identity { store_id: sources.random(), format: FORMAT, epoch: 1 };
    let drawn = (sources, options.keyring);
    let keyring = Keyring::create(disk.as_ref(), dir, identity.store_id, &master, drawn)?;
    let journal =
        Journal::create(Arc::clone(disk), &dir.join(JOURNAL), whose(&identity), options.journal)?;
    let log = follow::open(options, identity.store_id);
    let keyring = Arc::new(keyring);
    let store = Arc::new(Store {
        identity,
        follower: Follower::start(log, journal.reader(), Arc::clone(&keyring), options)?,
        sources: sources.clone(),
        clock: Clock::new(sources.clone(), at),
        keys_ahead: KeysAhead::new(Arc::clone(&keyring), options.keyring, &options.notify),
        erasures: Erasures::new(Arc::clone(&keyring), &options.notify),
        keyring,
        views: RwLock::default(),
        journal: journal.reader(),
        opened: Opened { facts: 0, took_us: 0 },
        nodes: Nodes::default(),
        last_signed: LastSigned::default(),
        _lock: lock,
    });
    let mut writer = Writer::new(Arc::clone(&store), journal);
    let signature = Signature::of_system(at, CommandName::Bootstrap);
    writer.turn(|turn| turn.record(&signature, events))?;
    drop(writer);
    // Whoever could not be told does not have a store. The lock is held until it has a name.
    show()?;
    identity::write(disk.as_ref(), dir, &identity)?;
    drop(store);
    Ok(())
}

fn refuse_a_second_store(disk: &dyn Disk, dir: &Path) -> Result<(), StoreError> {
    match identity::read(disk, dir)? {
        Found::Nothing => Ok(()),
        Found::Identity(_) => Err(StoreError::AlreadyInitialised { dir: dir.to_owned() }),
        Found::Damaged => Err(damaged_identity()),
    }
}

/// Takes away what an earlier first start left.
fn begin_anew(disk: &dyn Disk, dir: &Path) -> Result<(), StoreError> {
    refuse_more_than_a_first_start(disk, dir)?;
    let gone = |path: &Path| match disk.remove(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    };
    keyring::FILE_NAMES.iter().try_for_each(|name| gone(&dir.join(name)))?;
    let journal = dir.join(JOURNAL);
    match disk.list(&journal) {
        Ok(names) => names.iter().try_for_each(|name| gone(&journal.join(name)))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error.into()),
    }
    match disk.remove_dir(&dir.join(SLED)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
        Ok(()) | Err(_) => Ok(()),
    }
}
