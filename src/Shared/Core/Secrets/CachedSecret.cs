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

    /// <summary>
    /// What is made of the secret's text. A text that cannot be used is not kept: somebody will correct it, and the next call reads it again.
    /// </summary>
    /// <param name="stale">A text that was refused: if it is still what is kept, the secret is read again. Null: none.</param>
    /// <param name="make">Makes it. It throws <see cref="SecretException"/> where the text cannot be used.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="SecretException">The secret cannot be read, or cannot be used.</exception>
    public async ValueTask<T> MakeAsync<T>(string? stale, Func<string, T> make, CancellationToken cancellationToken)
    {
        var text = await GetAsync(stale, cancellationToken);
        try
        {
            return make(text);
        }
        catch (SecretException)
        {
            Interlocked.CompareExchange(ref _text, null, text);
            throw;
        }
    }

    /// <inheritdoc />
    public void Dispose() => _gate.Dispose();
}
