namespace NATS.Client.Core;

/// <summary>Credentials that a callback gives for one connection.</summary>
public readonly struct NatsAuthCred
{
    private NatsAuthCred(string seed) => Seed = seed;

    /// <summary>The seed of a user's NKey, which is all that is given here.</summary>
    internal string Seed { get; }

    /// <param name="seed">The seed of a user's NKey; the key itself follows from it.</param>
    public static NatsAuthCred FromNkey(string seed) => new(seed);
}
