// Answers a form with what qs and Express make of it; `node receiver.js`, its packages beside it.
const express = require('express')
const qs = require('qs')

const app = express()
app.post('/qs', express.raw({ type: () => true, limit: '50mb' }), (req, res) => {
  req.body = qs.parse(Buffer.isBuffer(req.body) ? req.body.toString() : '')
  answer(req, res)
})
app.post('/express', express.urlencoded({ extended: true }), answer)
app.use((error, req, res, next) => {
  res.json({ error: String(error.status), message: error.message })
})

function answer (req, res) {
  const expression = Buffer.from(req.get('x-expression') || '', 'latin1').toString()
  res.json({ value: expression ? new Function('req', `return ${expression}`)(req) : req.body })
}

const server = app.listen(0, '127.0.0.1', () => console.log(server.address().port))
