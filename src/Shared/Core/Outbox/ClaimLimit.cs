using Relaybox.Settings;

namespace Relaybox.Outbox;

/// <summary>
/// How much one claim takes at most. What a row costs is its share of the rows or of the bytes, whichever is more; a claim takes
/// rows until their costs reach 1, and always the first. A row that earlier claims left without an outcome may have ended its
/// process: each of those makes it <see cref="Suspicion"/> times as expensive, and in the end it is claimed alone.
/// </summary>
/// <param name="Rows">The most rows, at least 1.</param>
/// <param name="Bytes">The most bytes of payload, headers and result together, at least 1. A single row may have as many.</param>
internal readonly record struct ClaimLimit(int Rows, long Bytes)
{
    /// <summary>What fits a function of 1 GiB; see <see cref="FunctionMemory"/>.</summary>
    internal const long DefaultBytes = 14L << 20;

    /// <summary>By how much each claim without an outcome makes a row more expensive.</summary>
    internal const int Suspicion = 8;

    // Shares of a whole are not exact.
    private const double Whole = 1 + 1e-6;

    /// <summary>So many rows, of at most <see cref="DefaultBytes"/>.</summary>
    /// <param name="rows">The most rows, at least 1.</param>
    public static implicit operator ClaimLimit(int rows) => new(rows, DefaultBytes);

    /// <summary>Whether rows of these costs together fit into a claim.</summary>
    internal static bool Fits(double cost) => cost <= Whole;

    /// <summary>The share of the claim that a row takes.</summary>
    /// <param name="bytes">The bytes of its payload, headers and result.</param>
    /// <param name="unfinished">How many earlier claims of it have no outcome.</param>
    internal double CostOf(long bytes, int unfinished) =>
        unfinished >= OutboxClaim.MaxUnfinished - 1
            ? 1
            : Math.Max(1.0 / Rows, (double)bytes / Bytes) * Math.Pow(Suspicion, unfinished);

    /// <summary>
    /// What may be claimed besides these rows: as many rows as are left, and all the bytes where less than half of them is used up.
    /// Null: nothing more.
    /// </summary>
    /// <param name="claims">What was claimed.</param>
    internal ClaimLimit? Beside(IReadOnlyCollection<OutboxClaim> claims) =>
        claims.Count < Rows && claims.Sum(claim => claim.Bytes) <= Bytes / 2 && claims.All(claim => claim.Unfinished == 0)
            ? this with { Rows = Rows - claims.Count }
            : null;

    /// <exception cref="ArgumentOutOfRangeException">It allows no row.</exception>
    internal void Require()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Rows, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(Bytes, 1);
    }
}
