using Relaybox.Timing;

namespace Relaybox.Outbox;

/// <summary>Claims rows in a store in which others may take them between the look for them and the claim.</summary>
internal static class ClaimRounds
{
    private const int Most = 10;

    /// <summary>Looks for rows and takes them, again where others were quicker.</summary>
    /// <param name="limit">The most rows.</param>
    /// <param name="entropy">Where to look next.</param>
    /// <param name="find">Finds rows that are due, behind as many as it is told.</param>
    /// <param name="take">Claims what was found, as far as it is still there.</param>
    internal static async Task<IReadOnlyList<OutboxClaim>> RunAsync<TFound>(
        ClaimLimit limit, IEntropy entropy, Func<int, Task<List<TFound>>> find, Func<List<TFound>, Task<List<OutboxClaim>>> take)
    {
        for (var round = 1; ; round++)
        {
            // Where others were quicker, what is due next is likely to be theirs as well.
            var skip = round == 1 ? 0 : (int)(entropy.NextDouble() * 4) * limit.Rows;
            var found = await find(skip);
            if (found.Count == 0 && skip == 0)
            {
                return [];
            }

            var claims = found.Count == 0 ? [] : await take(found);
            if (claims.Count > 0 || round == Most)
            {
                return claims;
            }
        }
    }
}
