namespace Relaybox.Messaging;

/// <summary>Keeps payloads that are too large for a row or a message. Many threads may use it at once.</summary>
public interface IPayloadStore
{
    /// <summary>The bucket that payloads are put into, and the only one that they are taken from.</summary>
    string Bucket { get; }

    /// <summary>Stores a payload under <see cref="PayloadReference.Key"/>, also where it is stored already: its age begins anew.</summary>
    /// <param name="reference">The payload's reference. The store refuses what does not have its hash.</param>
    /// <param name="payload">The payload's UTF-8. It may be used only until the call is over.</param>
    /// <param name="cancellationToken">Ends the wait; whether the payload is stored is then unknown, and the call may be repeated.</param>
    /// <exception cref="PayloadStoreException">The store cannot be used.</exception>
    Task PutAsync(PayloadReference reference, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken);

    /// <summary>Reads what is stored under <see cref="PayloadReference.Key"/>. The caller verifies that it is the payload.</summary>
    /// <param name="reference">The payload's reference.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What is stored; nothing where that is not of the length of <paramref name="reference"/>.</returns>
    /// <exception cref="PayloadStoreException">The store cannot be used, or has no such payload.</exception>
    Task<ReadOnlyMemory<byte>> GetAsync(PayloadReference reference, CancellationToken cancellationToken);
}
