//! Waits for permits of a semaphore, for places of a channel, and for its messages.

use std::sync::Arc;

use lockwarden::instrument::ThreadId;

use super::{Graph, Need};
use crate::agent::leaf::{Target, Wait};
use crate::agent::registry;
use crate::sync::mpsc::room::Room;
use crate::sync::permits::Permits;

/// A task that has so many places of a channel, or waits for one.
struct User {
    task: ThreadId,
    places: u64,
}

impl Graph {
    /// What a wait for permits needs; none if it is not known who could bring them: permits came or went otherwise
    /// than by an acquisition and its release, or may be in any task, or there are not so many.
    pub(super) fn need_of_permits(
        &mut self,
        wait: &Arc<Wait>,
        permits: &Arc<Permits>,
        mut wanted: u64,
    ) -> Option<Need> {
        if permits.is_open() {
            return None;
        }
        let asker = Some(wait.task_id());
        let mut known = 0;
        let mut from = Vec::new();
        // Granted to a future that has not taken them yet, or wanted by one ahead in the queue, which
        // takes them first unless its task gives up.
        for (task, other, count) in self.permits.clone() {
            let is_same = match &other.target {
                Target::Permits(of, _) => Arc::ptr_eq(permits, of),
                _ => false,
            };
            let is_granted = other.granted_at().is_some();
            let is_ahead = other.queued().is_some_and(|queued| queued < wait.began);
            if !is_same || Arc::ptr_eq(wait, &other) || !(is_granted || is_ahead) {
                continue;
            }
            let tasks = match other.is_inline {
                true => vec![task.id],
                false => self.tasks_with(&task, other.began, asker)?,
            };
            if is_granted {
                known += u64::from(count);
            } else {
                wanted += u64::from(count);
            }
            from.push((self.need_of_one(tasks), u64::from(count)));
        }
        for holder in permits.holders() {
            let stamp = holder.task?;
            let task = registry::find(stamp.id())?;
            let tasks = match holder.is_loose {
                true => self.tasks_with(&task, holder.taken, asker)?,
                // One that borrows for ever, from a semaphore that was leaked, can be given to a task that is spawned.
                false => self.tasks_with_permit(&task, stamp, asker)?,
            };
            known += holder.permits as u64;
            from.push((self.need_of_one(tasks), holder.permits as u64));
        }
        // Those that are free.
        let rest = (permits.count as u64).saturating_sub(known);
        let missing = wanted.saturating_sub(rest);
        if missing == 0 {
            return Some(Need::Nothing);
        }
        // More permits than exist, or a semaphore that is used as a signal: any task or thread could add some.
        (!from.is_empty()).then_some(Need::Units(missing, from))
    }

    /// What the wait of the agent at this place for a place in a channel needs, if that is known: that one who has
    /// a place, or is ahead, gives it up, or that the receiver takes a message or is closed.
    pub(super) fn need_of_place(&mut self, at: usize, wait: &Arc<Wait>, room: &Arc<Room>) -> Need {
        let (Some(users), Some(receiver)) = (self.users(room, Some(wait)), room.receiving_task())
        else {
            return Need::Nothing;
        };
        // Read last: if this number is the same the next time, all that was read then belongs together.
        let Some(version) = room.version() else {
            return Need::Nothing;
        };
        self.nodes[at].version = self.nodes[at].version.wrapping_add(version);
        let mut needs = vec![Need::Agent(self.place(receiver.id))];
        for user in users {
            needs.push(Need::Agent(self.place(user.task)));
        }
        Need::Any(needs)
    }

    /// What the wait of the agent at this place for a message needs, if that is known: that one who has a place
    /// sends a message, or gives the place to another one. None but these can, if they have all places.
    pub(super) fn need_of_message(&mut self, at: usize, room: &Arc<Room>) -> Need {
        let Some(users) = self.users(room, None) else {
            return Need::Nothing;
        };
        let taken: u64 = users.iter().map(|user| user.places).sum();
        let Some(version) = room.version().filter(|_| taken == room.places()) else {
            return Need::Nothing;
        };
        self.nodes[at].version = self.nodes[at].version.wrapping_add(version);
        let mut needs = Vec::new();
        for user in users.iter().filter(|user| user.places != 0) {
            needs.push(Need::Agent(self.place(user.task)));
        }
        Need::Any(needs)
    }

    /// Who has places of a channel, or waits for one with another future than `wait`, if all of them are known.
    fn users(&self, room: &Arc<Room>, wait: Option<&Arc<Wait>>) -> Option<Vec<User>> {
        let mut users = Vec::new();
        for (task, other) in &self.rooms {
            let Target::Room(of, places) = &other.target else {
                continue;
            };
            if !Arc::ptr_eq(of, room) || wait.is_some_and(|wait| Arc::ptr_eq(wait, other)) {
                continue;
            }
            if !other.is_inline && self.may_have_left(task, other.began) {
                return None;
            }
            let is_granted = other.granted_at().is_some();
            users.push(User {
                task: task.id,
                places: if is_granted { *places as u64 } else { 0 },
            });
        }
        for holder in room.holders() {
            let task = registry::find(holder.task?.id())?;
            if holder.is_loose && self.may_have_left(&task, holder.taken) {
                return None;
            }
            users.push(User {
                task: task.id,
                places: holder.permits as u64,
            });
        }
        Some(users)
    }
}
