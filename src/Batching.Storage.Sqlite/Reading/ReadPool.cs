using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace Batching.Storage.Sqlite.Reading;

/// <summary>
/// The read-only connections. A read takes one, or opens one if all are taken, and runs on the caller's thread: with
/// the log, readers wait for nobody.
/// </summary>
internal sealed class ReadPool(string path, ILogger logger) : IDisposable
{
    // Reads are short, so no more than this are kept for long, whatever a burst has opened.
    private static readonly int Keep = Math.Max(4, Environment.ProcessorCount);

    private readonly ConcurrentBag<ReadSession> _idle = [];
    private volatile bool _disposed;
    private volatile bool _failing;

    public T Read<T, TArguments>(TArguments arguments, Func<ReadSession, TArguments, T> read)
    {
        ObjectDisposedException.ThrowIf(_disposed, typeof(SqliteBatchStore));
        ReadSession? session = null;
        try
        {
            session = _idle.TryTake(out var idle) ? idle : new ReadSession(StoreConnection.OpenReader(path));
            var result = read(session, arguments);
            Return(session);
            _failing = false;
            return result;
        }
        catch (SqliteException e)
        {
            session?.Dispose();
            if (!_failing)
            {
                // Once a fault, not once a read.
                _failing = true;
                SqliteStoreLog.StoreReadFailed(logger, path, StoreFaults.NameOf(e), e);
            }

            throw StoreFaults.Translate(e);
        }
        catch
        {
            session?.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _disposed = true;
        while (_idle.TryTake(out var session))
        {
            session.Dispose();
        }
    }

    private void Return(ReadSession session)
    {
        if (_disposed || _idle.Count >= Keep)
        {
            session.Dispose();
            return;
        }

        _idle.Add(session);
        if (_disposed && _idle.TryTake(out var late))
        {
            late.Dispose();
        }
    }
}
