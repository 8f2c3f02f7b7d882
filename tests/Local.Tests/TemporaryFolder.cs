namespace Relaybox.Local.Tests;

internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("relaybox-local-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
