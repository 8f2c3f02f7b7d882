namespace Relaybox.Operations;

/// <summary>What operators need of a broker's dead letters.</summary>
internal interface IDeadLetters
{
    /// <summary>Whether a look can go on where another has ended. Otherwise each begins at the oldest that can be seen.</summary>
    bool KeepsPlaces { get; }

    /// <summary>About how many there are, those in somebody's hand included.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="DeadLettersFailedException">The broker did not say.</exception>
    Task<long> CountAsync(CancellationToken cancellationToken);

    /// <summary>Begins a look at the dead letters, from the oldest that can be seen. Nothing is taken away.</summary>
    /// <param name="cursor">Where an earlier look was to be gone on with; null, or a broker that keeps no places: from the beginning.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="DeadLettersFailedException">The broker does not let them be seen.</exception>
    /// <exception cref="RequestException">A look would do harm; the message says what to change.</exception>
    Task<IDeadLetterLook> LookAsync(string? cursor, CancellationToken cancellationToken);
}
