namespace Relaybox.Operations;

/// <summary>
/// One look at the dead letters. A broker may keep what was shown from everybody else for as long as the look lasts. When it is disposed all
/// of them are there for everybody again, but for those that were redriven. Where its process dies they come back by themselves.
/// </summary>
internal interface IDeadLetterLook : IAsyncDisposable
{
    /// <summary>Where another look goes on behind what was shown; null where the broker keeps no places.</summary>
    string? Cursor { get; }

    /// <summary>Whether the look has shown all that can be seen. It can end before, where it has shown as many as one look may.</summary>
    bool IsWhole { get; }

    /// <summary>Shows the next dead letters: each once.</summary>
    /// <param name="limit">The most, at least 1.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Some of them; none: the look is at its end.</returns>
    /// <exception cref="DeadLettersFailedException">The broker did not answer.</exception>
    Task<IReadOnlyList<DeadLetter>> NextAsync(int limit, CancellationToken cancellationToken);

    /// <summary>About how many could not be seen, because somebody else has them in hand: another operator, or one whose process died.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="DeadLettersFailedException">The broker did not say.</exception>
    Task<long> CountInOtherHandsAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Sends a dead letter where it came from, as it was before it died, and deletes it after that: a process that dies in between leaves two,
    /// of which the inbox handles one.
    /// </summary>
    /// <param name="letter">One of those that this look has shown last.</param>
    /// <param name="deletesDuplicate">Whether it is deleted, too, where the broker calls it a duplicate.</param>
    /// <param name="cancellationToken">Ends the wait; it may have been sent.</param>
    /// <exception cref="DeadLettersFailedException">The broker did not answer: it may have been sent.</exception>
    Task<DeadLetterOutcome> RedriveAsync(DeadLetter letter, bool deletesDuplicate, CancellationToken cancellationToken);
}
