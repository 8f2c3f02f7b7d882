using Relaybox.Outbox;

namespace Relaybox.Simulation.Model;

// Claiming: rows are found without being held, exactly these are taken where they are still as they were found, and the token tells
// which of them were got. Others run between the three.
internal sealed partial class MongoOutbox
{
    private const int MaxRounds = 3;
    private const int LooksForForgotten = 8;

    private int _claims;

    public async Task<IReadOnlyList<OutboxClaim>> ClaimAsync(ClaimLimit limit, TimeSpan lease, CancellationToken cancellationToken)
    {
        limit.Require();
        _claims++;
        for (var round = 1; ; round++)
        {
            var chosen = await client.RunAsync(_ => ChooseAsync(limit, cancellationToken), cancellationToken);
            var claims = chosen.Count == 0 ? [] : await TakeAsync(chosen, limit, lease, cancellationToken);
            if (chosen.Count == 0 || claims.Count > 0 || round == MaxRounds)
            {
                return claims;
            }
        }
    }

    public Task<OutboxClaim?> MarkAsPublishingAsync(string eventId, TimeSpan lease, CancellationToken cancellationToken)
    {
        var token = NewToken();
        return client.RunAsync(
            async _ =>
            {
                var row = await client.FindAsync("outbox.find", () => Copy(Table.Find(eventId)), cancellationToken);
                if (row is null || (row.OrderingKey is not null && (await _order.FindHeldAsync([row], cancellationToken)).Count > 0))
                {
                    return null;
                }

                await client.UpdateAsync(
                    $"outbox.claim {eventId}",
                    [DocumentId.Row(eventId)],
                    id => TakeOne(id, row => row.Parsed == OutboxStatus.Pending || IsClaimable(row), lease, token),
                    cancellationToken);
                return (await FindClaimedAsync([eventId], token, 1, cancellationToken)).SingleOrDefault();
            },
            cancellationToken);
    }

    private static TableRow? Copy(TableRow? row) => row is null ? null : row with { };

    private async Task<List<TableRow>> ChooseAsync(ClaimLimit limit, CancellationToken cancellationToken)
    {
        var found = await FindDueAsync(cancellationToken);
        if ((found.Count == 0 || _claims % LooksForForgotten == 0) && await _order.ReleaseForgottenAsync(cancellationToken))
        {
            found = await FindDueAsync(cancellationToken);
        }

        var free = found.FindAll(row => row.OrderingKey is null);
        List<List<TableRow>> lines = [.. found.Where(row => row.OrderingKey is not null)
            .GroupBy(row => row.OrderingKey!).OrderBy(line => line.Key, StringComparer.Ordinal)
            .Select(line => line.OrderBy(row => row.Place).ToList())];
        var held = await _order.FindHeldAsync([.. lines.Select(line => line[0])], cancellationToken);
        var waiting = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        var places = new List<(TableRow Row, int Place)>();
        foreach (var line in lines)
        {
            var run = held.ContainsKey(line[0].OrderingKey!) ? [] : RunOf(line);
            if (run.Count < line.Count)
            {
                var before = run.Count > 0 ? run[^1].EventId : held[line[0].OrderingKey!];
                waiting[before] = [.. line.Skip(run.Count).Select(row => row.EventId)];
            }

            places.AddRange(run.Select((row, place) => (row, place)));
        }

        await _order.WaitAsync(waiting, cancellationToken);
        places.AddRange(await FindWaitingAsync(lines, held, cancellationToken));

        // Keys and rows without one get the odd row in turns.
        var keyed = places.OrderBy(entry => entry.Place).Select((entry, i) => (entry.Row, Place: i, Kind: 0));
        var all = keyed.Concat(free.Select((row, i) => (Row: row, Place: i, Kind: 1)));
        return OutboxTable.Fitting(
            limit,
            all.OrderBy(entry => entry.Place).ThenByDescending(entry => entry.Row.Unfinished).ThenBy(entry => (entry.Kind + _claims) % 2)
                .Select(entry => entry.Row).Take(limit.Rows));
    }

    private Task<List<TableRow>> FindDueAsync(CancellationToken cancellationToken) => client.FindAsync(
        "outbox.find-due",
        () => Table.Rows.Where(row => OutboxTable.IsDue(row, Server.Now)).OrderBy(row => row.DueAt).Select(row => row with { }).ToList(),
        cancellationToken);

    // What waits for a row that is claimed now can be claimed with it.
    private async Task<List<(TableRow Row, int Place)>> FindWaitingAsync(
        List<List<TableRow>> lines, Dictionary<string, string> held, CancellationToken cancellationToken)
    {
        lines = lines.FindAll(line =>
            line.Exists(row => row.Followed > 0) && !held.ContainsKey(line[0].OrderingKey!) && RunOf(line).Count == line.Count);
        if (lines.Count == 0)
        {
            return [];
        }

        var rows = await client.FindAsync(
            "outbox.find-waiting",
            () => Table.Rows.Where(row => row.IsWaiting && row.DueAt <= Server.Now).Select(row => row with { }).OrderBy(row => row.Place).ToList(),
            cancellationToken);
        return [.. lines.SelectMany(line => RunOf([.. line, .. rows.Where(row => IsBehind(row, line[^1]))])
            .Select((row, place) => (row, place)).Skip(line.Count))];

        static bool IsBehind(TableRow row, TableRow last) => row.OrderingKey == last.OrderingKey && row.Place > last.Place;
    }

    // The rows of a key that follow each other without a gap.
    private static List<TableRow> RunOf(List<TableRow> line) => [.. line.TakeWhile((row, i) => row.Place == line[0].Place + i)];

    private Task<List<OutboxClaim>> TakeAsync(
        List<TableRow> chosen, ClaimLimit limit, TimeSpan lease, CancellationToken cancellationToken)
    {
        // One token for all tries: what was claimed by a try whose answer was lost is ours.
        var token = NewToken();
        return client.RunAsync(
            async attempt =>
            {
                string[] eventIds = [.. chosen.Select(row => row.EventId)];
                var modified = await client.UpdateAsync(
                    $"outbox.take {string.Join(", ", eventIds)}", eventIds.Select(DocumentId.Row), Take, cancellationToken);
                if (attempt == 1 && modified == 0)
                {
                    return [];
                }

                return await InOrderAsync(await FindClaimedAsync(eventIds, token, limit, cancellationToken), chosen, token, cancellationToken);
            },
            cancellationToken);

        // The conditions of the find once more, for exactly these rows.
        bool Take(DocumentId id) => TakeOne(id, IsClaimable, lease, token);
    }

    private bool TakeOne(DocumentId id, Func<TableRow, bool> isFree, TimeSpan lease, string token)
    {
        if (Table.Find((string)id.Key) is not { } row || !isFree(row))
        {
            return false;
        }

        Table.Take(row, Server.Now, lease, token);
        return true;
    }

    private bool IsClaimable(TableRow row) => row.Parsed is OutboxStatus.Pending or OutboxStatus.Publishing && row.DueAt <= Server.Now;

    private Task<List<OutboxClaim>> FindClaimedAsync(string[] eventIds, string token, ClaimLimit limit, CancellationToken cancellationToken)
    {
        return client.FindAsync("outbox.find-claimed", Answer, cancellationToken);

        List<OutboxClaim> Answer()
        {
            List<TableRow> rows = [.. RowsByToken(eventIds, token)];
            Table.Answer(rows, token);
            return rows.ConvertAll(row => row.ToClaim(limit, KeepsOrder) with { Token = new ClaimToken(token, row.RowId) });
        }
    }

    private IEnumerable<TableRow> RowsByToken(string[] eventIds, string token) =>
        Table.Rows.Where(row => eventIds.Contains(row.EventId) && row.Parsed == OutboxStatus.Publishing && row.Token == token);

    // Where somebody else got a row in the middle of a key, the rows behind it are given back.
    private async Task<List<OutboxClaim>> InOrderAsync(
        List<OutboxClaim> claims, List<TableRow> chosen, string token, CancellationToken cancellationToken)
    {
        var got = claims.ToDictionary(claim => claim.EventId, StringComparer.Ordinal);
        var kept = new List<OutboxClaim>();
        var lost = new HashSet<string>(StringComparer.Ordinal);
        var givenBack = new List<string>();
        foreach (var row in chosen.OrderBy(row => row.Place))
        {
            if (!got.TryGetValue(row.EventId, out var claim))
            {
                lost.Add(row.OrderingKey ?? "");
            }
            else if (row.OrderingKey is { } key && lost.Contains(key))
            {
                givenBack.Add(row.EventId);
            }
            else
            {
                kept.Add(claim);
            }
        }

        if (givenBack.Count > 0)
        {
            await client.UpdateAsync(
                "outbox.give-back",
                givenBack.Select(DocumentId.Row),
                id => Table.GiveBack((string)id.Key, token, Server.Now),
                cancellationToken);
        }

        return kept;
    }
}
