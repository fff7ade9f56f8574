//! Tuples of one to eight locks, each of its own kind.

use std::sync::LockResult;

use super::guards::{Bundle, Guards, close, open};
use super::{Acquire, LockOrderViolation, Lockable};
use crate::instrument::{Site, admit};

macro_rules! tuple {
    ($count:literal: $($Lock:ident $at:tt),+) => {
        impl<$($Lock: Lockable),+> Acquire for ($($Lock,)+) {
            type Guards = ($($Lock::Guard,)+);

            fn acquire_at(self, site: Site) -> Result<Guards<Self::Guards>, LockOrderViolation> {
                let mut order: [usize; $count] = [$($at),+];
                {
                    let records = [$(self.$at.record()),+];
                    admit(&records, site)?;
                    order.sort_unstable_by_key(|&at| records[at].id());
                }
                // If a lock panics, the guards in here are dropped, and with them the locks that
                // were taken before it.
                let mut locks = ($(Some(self.$at),)+);
                let mut guards = ($(None::<$Lock::Guard>,)+);
                for at in order {
                    match at {
                        $($at => guards.$at = locks.$at.take().map(|lock| lock.lock(site)),)+
                        _ => unreachable!("the order names the places of the tuple"),
                    }
                }
                let guards = ($(guards.$at.expect("every place is in the order"),)+);
                Ok(Guards::new(guards, order))
            }
        }

        impl<$($Lock),+> Bundle for ($($Lock,)+) {
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
            /// The guards without the results around them.
            ///
            /// # Errors
            ///
            /// If one of the locks is poisoned. The error holds all the guards.
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
