using System.Text.Json;
using Relaybox.Maintenance;

namespace Relaybox.Operations;

/// <summary>Pauses, kept as jobs whose cursor is the pause itself.</summary>
/// <param name="jobs">Where they are kept.</param>
internal sealed class PauseStore(IJobStore jobs)
{
    private const string Prefix = "pause/";

    // Nobody holds a pause for longer than it takes to write it.
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(10);

    /// <summary>Reads the pauses that there are.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<IReadOnlyList<Pause>> ListAsync(CancellationToken cancellationToken)
    {
        var pauses = await Task.WhenAll(Enum.GetValues<PausablePart>().Select(part => FindAsync(part, cancellationToken)));
        return [.. pauses.OfType<Pause>()];
    }

    /// <summary>Finds the pause of a part.</summary>
    /// <param name="part">The part.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The pause, or null: the part works.</returns>
    public async Task<Pause?> FindAsync(PausablePart part, CancellationToken cancellationToken) =>
        Read((await jobs.FindAsync(Name(part), cancellationToken))?.Cursor);

    /// <summary>Pauses a part, unless it is paused.</summary>
    /// <param name="pause">The pause.</param>
    /// <param name="cancellationToken">Ends the wait; the part may be paused.</param>
    /// <returns>The pause that holds now: the earlier one, if there was one. Null: somebody else is pausing or resuming it just now.</returns>
    public async Task<Pause?> BeginAsync(Pause pause, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(pause);
        if (await jobs.TryAcquireAsync(Name(pause.Part), Lease, cancellationToken) is not { } lease)
        {
            return null;
        }

        var holds = Read(lease.Cursor) ?? pause;
        return await jobs.SaveAsync(lease, Write(holds), TimeSpan.Zero, cancellationToken) ? holds : null;
    }

    /// <summary>Lets a part work again. Where it is not paused, nothing changes.</summary>
    /// <param name="part">The part.</param>
    /// <param name="cancellationToken">Ends the wait; the part may work again.</param>
    /// <returns>Whether it works now; false where somebody else is pausing or resuming it just now.</returns>
    public async Task<bool> EndAsync(PausablePart part, CancellationToken cancellationToken) =>
        await jobs.TryAcquireAsync(Name(part), Lease, cancellationToken) is { } lease && await jobs.DeleteAsync(lease, cancellationToken);

    private static string Name(PausablePart part) => Prefix + part.ToString().ToLowerInvariant();

    private static string Write(Pause pause) => JsonSerializer.Serialize(pause, OperationsJsonContext.Default.Pause);

    // What was begun and never written has no text.
    private static Pause? Read(string? text) => text is null ? null : JsonSerializer.Deserialize(text, OperationsJsonContext.Default.Pause);
}
