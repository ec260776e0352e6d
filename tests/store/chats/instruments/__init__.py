"""What tests of kept conversations take: made ones, a model of a store, a program that is killed."""
