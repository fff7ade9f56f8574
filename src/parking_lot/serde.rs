//! Serialisation of a lock as its data.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{FairMutex, Mutex, RecursiveRwLock, ReentrantMutex, RwLock};

/// Implements serialisation of a lock as its data, which is read under the lock.
macro_rules! through_data {
    ($Lock:ident, $read:ident) => {
        impl<T: Serialize + ?Sized> Serialize for $Lock<T> {
            #[track_caller]
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.$read().serialize(serializer)
            }
        }

        impl<'de, T: Deserialize<'de>> Deserialize<'de> for $Lock<T> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                // Named, since otherwise the construction site of every deserialised lock, and so
                // the class of all of them, would be this line: the type at least separates the
                // classes.
                let class = std::any::type_name::<Self>();
                T::deserialize(deserializer).map(|data| Self::named(class, data))
            }
        }
    };
}

through_data! { Mutex, lock }
through_data! { FairMutex, lock }
through_data! { ReentrantMutex, lock }
through_data! { RwLock, read }
through_data! { RecursiveRwLock, read }
