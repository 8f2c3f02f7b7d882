using Relaybox.Local;

namespace Relaybox.Testing;

/// <summary>Paths inside the repository, for tests that read its files.</summary>
public static class RepositoryRoot
{
    public static string Path => RepositoryLayout.Root;

    public static string Combine(params string[] parts) => System.IO.Path.Combine([Path, .. parts]);
}
