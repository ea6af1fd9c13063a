//! Tests in real agents, Fluent Bit and Vector, where there is one, and of what is written for them.

mod fluent_bit;
mod fluent_bit_limits;
mod fluent_bit_misuse;
mod fluent_bit_stalls;
mod hosts;
mod operations;
mod vector;
mod vector_examples;
