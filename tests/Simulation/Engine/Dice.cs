namespace Relaybox.Simulation.Engine;

/// <summary>Random numbers that follow from a seed alone, on every machine.</summary>
internal sealed class Dice(ulong seed)
{
    private ulong _state = seed;

    internal ulong Next()
    {
        _state += 0x9E3779B97F4A7C15;
        return Mix(_state);
    }

    /// <summary>From 0 to below <paramref name="bound"/>.</summary>
    internal int Next(int bound) => (int)(Next() % (uint)bound);

    /// <summary>From <paramref name="first"/> to <paramref name="last"/>, both included.</summary>
    internal int Between(int first, int last) => first + Next(last - first + 1);

    internal double NextDouble() => (Next() >> 11) * (1.0 / (1UL << 53));

    internal bool Chance(double probability) => NextDouble() < probability;

    internal T Pick<T>(params ReadOnlySpan<T> choices) => choices[Next(choices.Length)];

    internal static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
