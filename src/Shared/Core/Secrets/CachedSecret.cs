namespace Relaybox.Secrets;

/// <summary>A secret that is read when it is first needed, and again when it proved to be stale. Safe for many callers at once.</summary>
/// <param name="source">Where it comes from.</param>
/// <param name="arn">Its ARN.</param>
internal sealed class CachedSecret(ISecretSource source, string arn) : IDisposable
{
    private readonly SemaphoreSlim _gate = new(1, 1);
    private volatile string? _text;

    /// <summary>The secret's ARN.</summary>
    public string Arn => arn;

    /// <summary>The secret's text.</summary>
    /// <param name="stale">A text that was refused: if it is still what is kept, the secret is read again. Null: none.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="SecretException">The secret cannot be read.</exception>
    public async ValueTask<string> GetAsync(string? stale, CancellationToken cancellationToken)
    {
        if (_text is { } known && known != stale)
        {
            return known;
        }

        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (_text is not { } current || current == stale)
            {
                _text = await source.GetAsync(arn, cancellationToken);
            }

            return _text;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <inheritdoc />
    public void Dispose() => _gate.Dispose();
}
