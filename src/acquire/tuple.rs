//! Joint acquisition of tuples of one to eight locks of different types.

use std::sync::LockResult;

use super::guards::{GuardSet, Guards, close, open};
use super::{Acquire, LockOrderViolation, Lockable};
use crate::instrument::{Lock, Site, check_ascending};

macro_rules! tuple {
    ($count:literal: $($Lock:ident $at:tt),+) => {
        impl<$($Lock: Lockable),+> Acquire for ($($Lock,)+) {
            type Guards = ($($Lock::Guard,)+);

            fn acquire_at(self, site: Site) -> Result<Guards<Self::Guards>, LockOrderViolation> {
                loop {
                    let records = [$(self.$at.record()),+];
                    check_ascending(&records, site)?;
                    let ids = records.map(Lock::id);
                    let mut order: [usize; $count] = [$($at),+];
                    order.sort_unstable_by_key(|&at| ids[at]);
                    // If an acquisition panics, the guards in here are dropped, which releases the
                    // locks acquired before.
                    let mut guards = ($(None::<$Lock::Guard>,)+);
                    for at in order {
                        match at {
                            $($at => guards.$at = Some(self.$at.lock(site)),)+
                            _ => unreachable!("the order names the places of the tuple"),
                        }
                    }
                    let guards = ($(guards.$at.expect("every place is in the order"),)+);
                    let guards = Guards::new(guards, order);
                    // If another thread acquired a lock for the first time meanwhile, its id may
                    // differ from the one read above. Now that the lock is held, its id is final.
                    if records.map(Lock::id) == ids {
                        return Ok(guards);
                    }
                }
            }
        }

        impl<$($Lock),+> GuardSet for ($($Lock,)+) {
            type Order = [usize; $count];

            #[inline]
            fn release(self, order: &Self::Order) {
                let mut guards = ($(Some(self.$at),)+);
                for at in order.iter().rev() {
                    match at {
                        $($at => drop(guards.$at.take()),)+
                        _ => unreachable!("the order names the places of the tuple"),
                    }
                }
            }
        }

        impl<$($Lock),+> Guards<($(LockResult<$Lock>,)+)> {
            /// Returns the guards without their `LockResult`s.
            ///
            /// # Errors
            ///
            /// Returns an error if one of the locks is poisoned. The error holds all the guards.
            #[inline]
            pub fn checked(self) -> LockResult<Guards<($($Lock,)+)>> {
                let mut poisoned = false;
                let guards = self.map(|given| ($(open(given.$at, &mut poisoned),)+));
                close(guards, poisoned)
            }
        }
    };
}

tuple!(1: A 0);
tuple!(2: A 0, B 1);
tuple!(3: A 0, B 1, C 2);
tuple!(4: A 0, B 1, C 2, D 3);
tuple!(5: A 0, B 1, C 2, D 3, E 4);
tuple!(6: A 0, B 1, C 2, D 3, E 4, F 5);
tuple!(7: A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuple!(8: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
