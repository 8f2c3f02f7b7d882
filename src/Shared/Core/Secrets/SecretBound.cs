namespace Relaybox.Secrets;

/// <summary>
/// What is made of credentials, such as a pool of connections. Where the server refuses those of a secret, the secret is read again
/// once, and all is made anew: a rotation needs no restart. Safe for many callers at once.
/// </summary>
/// <typeparam name="T">What is made.</typeparam>
internal sealed class SecretBound<T> : IDisposable
    where T : class
{
    private readonly Func<string?, T> _create;
    private readonly CachedSecret? _secret;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private volatile Made? _made;

    /// <param name="secrets">Where secrets come from.</param>
    /// <param name="arn">The secret's ARN; null: the credentials come from the configuration.</param>
    /// <param name="create">Makes it of the secret's text, which is null where there is no secret.</param>
    internal SecretBound(ISecretSource secrets, string? arn, Func<string?, T> create) =>
        (_secret, _create) = (arn is null ? null : new CachedSecret(secrets, arn), create);

    /// <summary>What the caller has made. Nothing makes it anew.</summary>
    /// <param name="value">What the caller has made.</param>
    internal SecretBound(T value) => (_made, _create) = (new Made(value, null), _ => value);

    /// <summary>What is in use; null: nobody has asked for it yet.</summary>
    internal T? Current => _made?.Value;

    /// <summary>Uses it; again, with what the secret says by now, where the server refuses the credentials.</summary>
    /// <param name="use">The use.</param>
    /// <param name="isRefusal">Whether a failure means that the server refuses the credentials.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="SecretException">The secret cannot be read.</exception>
    internal async ValueTask<TResult> UseAsync<TResult>(
        Func<T, CancellationToken, ValueTask<TResult>> use, Func<Exception, bool> isRefusal, CancellationToken cancellationToken)
    {
        var made = _made ?? await MakeAsync(null, cancellationToken);
        try
        {
            return await use(made.Value, cancellationToken);
        }
        catch (Exception e) when (_secret is not null && isRefusal(e))
        {
            var fresh = await MakeAsync(made, cancellationToken);
            if (fresh.Secret == made.Secret)
            {
                throw;
            }

            return await use(fresh.Value, cancellationToken);
        }
    }

    /// <summary>Forgets it: the next use makes it anew, of the same credentials. What was made is the caller's to dispose.</summary>
    /// <param name="value">What is to be forgotten.</param>
    /// <returns>Whether this call has done it, and not another one before.</returns>
    internal bool Forget(T value) =>
        _made is { } made && ReferenceEquals(made.Value, value) && Interlocked.CompareExchange(ref _made, null, made) == made;

    /// <inheritdoc />
    public void Dispose()
    {
        _secret?.Dispose();
        _gate.Dispose();
    }

    private async ValueTask<Made> MakeAsync(Made? refused, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (_made is { } current && current != refused)
            {
                return current;
            }

            if (_secret is null)
            {
                return _made ??= new Made(_create(null), null);
            }

            // What was made before is left to its last users: disposing it would break what they have under way.
            return _made = await _secret.MakeAsync(
                refused?.Secret, text => refused?.Secret == text ? refused! : new Made(_create(text), text), cancellationToken);
        }
        finally
        {
            _gate.Release();
        }
    }

    private sealed record Made(T Value, string? Secret);
}
